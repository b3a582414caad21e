# features: x_ℓ = φ(W_ℓ x_{ℓ−1}) of every row and every depth 1…L.


rule extract_features:
    input:
        data=rules.make_data.output,
        weights=lambda wildcards: expand(
            rules.sample_weights.output,
            dims=dims_label(dims_of(wildcards.dataset, wildcards.network)),
            law=wildcards.law,
            seed=wildcards.seed,
        ),
        code=code("extract_features"),
    output:
        "results/features/{dataset}/{network}/{law}/seed{seed}.parquet",
    log:
        "results/logs/extract_features/{dataset}/{network}/{law}/seed{seed}.log",
    params:
        network=lambda wildcards: config["networks"][wildcards.network],
    message:
        "{wildcards.law} features of {wildcards.dataset} by {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/extract_features.py"
