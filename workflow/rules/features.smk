# features: x_ℓ = φ(W_ℓ x_{ℓ−1}) of every row and every depth 1…L.


def feature_model(wildcards):
    """The records of the data set and the network of a features table."""
    return records.datasets[wildcards.dataset], records.networks[wildcards.network]


def features_code(wildcards):
    _, network = feature_model(wildcards)
    encoding = LAWS.get(wildcards.law).encoding
    return code("extract_features", ENCODINGS.module(encoding), ACTIVATIONS.module(network.activation))


rule extract_features:
    # The tables of data and weights are made anew for each features table that needs them, and equal those that other
    # features were made from: what determines them is told by the parameters and files below, not by their age.
    input:
        data=ancient(rules.make_data.output),
        weights=lambda wildcards: ancient(
            expand(
                rules.sample_weights.output,
                dims=dims_label(records.dims(wildcards.dataset, wildcards.network)),
                law=wildcards.law,
                seed=wildcards.seed,
            )
        ),
        files=lambda wildcards: data_files(wildcards.dataset),
    output:
        "results/features/{dataset}/{network}/{law}/seed{seed}.parquet",
    log:
        "results/logs/extract_features/{dataset}/{network}/{law}/seed{seed}.log",
    benchmark:
        "results/benchmarks/extract_features/{dataset}/{network}/{law}/seed{seed}.tsv"
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.features_bytes(*feature_model(wildcards))),
        runtime=lambda wildcards: sizes.minutes(sizes.features_flops(*feature_model(wildcards))),
    params:
        dataset=lambda wildcards: data_params(wildcards.dataset)["dataset"],
        network=lambda wildcards: plain(records.networks[wildcards.network]),
        encoding=lambda wildcards: LAWS.get(wildcards.law).encoding,
        code=features_code,
        data_code=lambda wildcards: data_params(wildcards.dataset)["data_code"],
        weights_code=lambda wildcards: weights_code(wildcards.law),
    message:
        "{wildcards.law} features of {wildcards.dataset} by {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/extract_features.py"
