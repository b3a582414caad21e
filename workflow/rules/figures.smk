# figures: tables in, PDF and PNG out; nothing is computed here but means over seeds.


rule plot_depth:
    input:
        readout=readout_tables(config["figures"]["depth"]["experiment"]),
        theory=expand(rules.predict_theory.output, experiment=drawn("depth")),
        code=code("plot_depth"),
    output:
        report(figure_files("depth"), caption="../report/depth.rst", category="paper"),
    log:
        "results/logs/plot_depth.log",
    params:
        facts=experiment_facts(config["figures"]["depth"]["experiment"]),
        n_train=config["figures"]["depth"]["n_train"],
    message:
        "figure: test MSE against depth"
    script:
        "../scripts/plot_depth.py"


rule plot_learning_curve:
    input:
        readout=[table for name in drawn("learning_curve") for table in readout_tables(name)],
        theory=expand(rules.predict_theory.output, experiment=drawn("learning_curve")),
        code=code("plot_learning_curve"),
    output:
        report(figure_files("learning_curve"), caption="../report/learning_curve.rst", category="paper"),
    log:
        "results/logs/plot_learning_curve.log",
    params:
        experiments={name: experiment_facts(name) for name in drawn("learning_curve")},
    message:
        "figure: test MSE against n/d_L"
    script:
        "../scripts/plot_learning_curve.py"


rule plot_images:
    input:
        readout=[table for name in drawn("images") for table in readout_tables(name)],
        code=code("plot_images"),
    output:
        report(figure_files("images"), caption="../report/images.rst", category="paper"),
    log:
        "results/logs/plot_images.log",
    params:
        experiments={name: experiment_facts(name) for name in drawn("images")},
    message:
        "figure: accuracy against depth"
    script:
        "../scripts/plot_images.py"
