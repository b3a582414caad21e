# figures: tables in, PDF and PNG out; nothing is computed here but means over seeds.


rule plot_depth:
    input:
        readout=readouts_of("depth"),
        theory=theory_of("depth"),
    output:
        report(figure_files("depth"), caption="../report/depth.rst", category="paper"),
    log:
        "results/logs/plot_depth.log",
    benchmark:
        "results/benchmarks/plot_depth.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_depth"),
        experiments=facts_of("depth"),
        n_train=records.figures.depth.n_train,
    message:
        "figure: test MSE against depth"
    script:
        "../scripts/plot_depth.py"


rule plot_learning_curve:
    input:
        readout=readouts_of("learning_curve"),
        theory=theory_of("learning_curve"),
    output:
        report(figure_files("learning_curve"), caption="../report/learning_curve.rst", category="paper"),
    log:
        "results/logs/plot_learning_curve.log",
    benchmark:
        "results/benchmarks/plot_learning_curve.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_learning_curve"),
        experiments=facts_of("learning_curve"),
    message:
        "figure: test MSE against n/d_L"
    script:
        "../scripts/plot_learning_curve.py"


rule plot_images:
    input:
        readout=readouts_of("images"),
    output:
        report(figure_files("images"), caption="../report/images.rst", category="paper"),
    log:
        "results/logs/plot_images.log",
    benchmark:
        "results/benchmarks/plot_images.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_images"),
        experiments=facts_of("images"),
    message:
        "figure: accuracy against depth"
    script:
        "../scripts/plot_images.py"


rule plot_ridge:
    input:
        readout=readouts_of("ridge"),
        theory=theory_of("ridge"),
    output:
        report(figure_files("ridge"), caption="../report/ridge.rst", category="beyond the paper"),
    log:
        "results/logs/plot_ridge.log",
    benchmark:
        "results/benchmarks/plot_ridge.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_ridge"),
        experiments=facts_of("ridge"),
    message:
        "figure: test MSE against n/d_L by ridge"
    script:
        "../scripts/plot_ridge.py"


rule plot_mirrors:
    input:
        readout=readouts_of("mirrors"),
        theory=theory_of("mirrors"),
    output:
        report(figure_files("mirrors"), caption="../report/mirrors.rst", category="beyond the paper"),
    log:
        "results/logs/plot_mirrors.log",
    benchmark:
        "results/benchmarks/plot_mirrors.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_mirrors"),
        experiments=facts_of("mirrors"),
    message:
        "figure: test MSE against n/d_L by mirror"
    script:
        "../scripts/plot_mirrors.py"


rule plot_activations:
    input:
        readout=readouts_of("activations"),
        theory=theory_of("activations"),
    output:
        report(figure_files("activations"), caption="../report/activations.rst", category="beyond the paper"),
    log:
        "results/logs/plot_activations.log",
    benchmark:
        "results/benchmarks/plot_activations.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_learning_curve"),
        experiments=facts_of("activations"),
    message:
        "figure: test MSE against n/d_L by activation"
    script:
        "../scripts/plot_learning_curve.py"  # the same figure of other experiments


rule plot_classification:
    input:
        readout=readouts_of("classification"),
        theory=theory_of("classification"),
    output:
        report(figure_files("classification"), caption="../report/classification.rst", category="beyond the paper"),
    log:
        "results/logs/plot_classification.log",
    benchmark:
        "results/benchmarks/plot_classification.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_classification"),
        experiments=facts_of("classification"),
    message:
        "figure: error rate against n/d_L"
    script:
        "../scripts/plot_classification.py"
