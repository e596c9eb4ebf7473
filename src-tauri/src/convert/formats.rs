//! Names of formats for people.

/// `joblib (gzip)`, `XGBoost UBJSON`; the bare word for a format that has no better name.
pub(super) fn format_name(format: &str, compression: Option<&str>) -> String {
    let name = match format {
        "cloudpickle" => "pickle (cloudpickle)",
        "xgboost-json" => "XGBoost JSON",
        "xgboost-ubj" => "XGBoost UBJSON",
        "xgboost-binary" => "XGBoost binary",
        "lightgbm-text" => "LightGBM text",
        "lightgbm-json-dump" => "LightGBM JSON dump",
        "catboost-cbm" => "CatBoost CBM",
        "catboost-json" => "CatBoost JSON",
        "onnx" => "ONNX",
        "prophet-json" => "Prophet JSON",
        "torch-zip" => "PyTorch",
        "torch-legacy" => "PyTorch before 1.6",
        "torchscript" => "TorchScript",
        "torch-export-pt2" => "PyTorch exported program",
        "keras-v3" => "Keras",
        "keras-h5" => "Keras HDF5",
        "keras-weights-h5" => "Keras weights (HDF5)",
        "tf-savedmodel" => "SavedModel folder",
        "gguf" => "GGUF",
        "tflite" => "TensorFlow Lite",
        "hf-transformers-dir" => "transformers folder",
        "sentence-transformers-dir" => "sentence-transformers folder",
        "peft-adapter-dir" => "PEFT adapter folder",
        "diffusers-dir" => "diffusers folder",
        "mlflow-package" => "MLflow package",
        other => other,
    };
    match compression {
        Some(compression) => format!("{name} ({compression})"),
        None => name.to_owned(),
    }
}
