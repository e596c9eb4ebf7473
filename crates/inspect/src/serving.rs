//! How an artifact can be served.

/// How the artifact can be served. What the flavor writers of the engine work from.
#[derive(Debug, Clone, PartialEq)]
pub enum Serving {
    /// The sklearn flavor over the file as it is: a plain pickle.
    SklearnPickle {
        /// The method that pyfunc calls.
        predict_fn: &'static str,
    },
    /// The sklearn flavor over a joblib file rewritten as a plain pickle.
    SklearnJoblib {
        /// The method that pyfunc calls.
        predict_fn: &'static str,
    },
    /// The sklearn flavor over a skops file as it is.
    SklearnSkops {
        /// The types in the file other than Python's own, sorted by name.
        types: Vec<SkopsType>,
        /// Python subscripts from the root to the model, as for [`Serving::PickleLoader`].
        path: String,
        /// What is called on the model.
        call: LoaderCall,
    },
    /// A generated loader module that unpickles the file with joblib, walks to the model inside and calls one of
    /// its methods. Where the whole file is a scikit-learn estimator, the sklearn flavor stands beside it.
    PickleLoader {
        /// Whether the file is joblib and must be rewritten for the sklearn flavor.
        is_joblib: bool,
        /// Python subscripts from the root to the model: `["model"]`, `[1]`; empty when the root is the model.
        path: String,
        /// What the loader calls.
        call: LoaderCall,
    },
    /// The xgboost flavor.
    Xgboost {
        /// `xgboost.core.Booster` or a class of `xgboost.sklearn`.
        model_class: String,
        /// The file extension that makes XGBoost choose the right parser: `json`, `ubj` or `model`.
        extension: &'static str,
    },
    /// The lightgbm flavor over a text model.
    LightgbmText,
    /// The lightgbm flavor over a pickled estimator.
    LightgbmPickle {
        /// `lightgbm.sklearn.LGBMClassifier` …
        model_class: String,
        /// Whether the file is joblib and must be rewritten.
        is_joblib: bool,
    },
    /// The catboost flavor over CatBoost's own file.
    Catboost {
        /// `CatBoostClassifier`, `CatBoostRegressor`, `CatBoostRanker` or `CatBoost`: what MLflow makes to load it.
        model_type: String,
        /// CatBoost's word for the form of the file: `cbm` or `json`.
        save_format: &'static str,
    },
    /// The onnx flavor.
    Onnx {
        /// Whether the file is in a form made for people and must be rewritten as the binary one.
        is_text: bool,
    },
    /// Generated code that opens a graph with onnxruntime, in a way that the onnx flavor does not know.
    OnnxRuntime {
        /// Whether the file is in onnxruntime's own format.
        is_ort: bool,
        /// Whether the operators of onnxruntime-extensions must be registered.
        is_extended: bool,
        /// Whether the file is in a form made for people and must be rewritten as the binary one.
        is_text: bool,
    },
    /// The statsmodels flavor over pickled results.
    Statsmodels {
        /// Whether the file is joblib and must be rewritten.
        is_joblib: bool,
    },
    /// The pmdarima flavor over a pickled model.
    Pmdarima {
        /// `ARIMA`, `AutoARIMA` or `Pipeline`.
        model_type: String,
        /// Whether the file is joblib and must be rewritten.
        is_joblib: bool,
    },
    /// The prophet flavor over the text of `prophet.serialize.model_to_json`.
    Prophet {
        /// Whether the text is encoded as a JSON string, as MLflow wants it.
        is_encoded: bool,
    },
    /// The pytorch flavor over a file that MLflow calls with one tensor and that returns one.
    Pytorch {
        /// What the file is.
        form: PytorchForm,
    },
    /// A generated loader over a TorchScript or exported program that takes several tensors or returns something else
    /// than one.
    TorchProgram {
        /// What the file is.
        form: PytorchForm,
        /// The inputs in the order in which the program takes them.
        inputs: Vec<TorchInput>,
        /// How they are handed over; `None` for one after another.
        call: Option<TorchCall>,
    },
    /// The keras flavor over a `.keras` file.
    Keras,
    /// The tensorflow flavor over a Keras model that the keras flavor does not take: HDF5, Keras 2, several outputs.
    TensorflowKeras {
        /// The module of Keras that opens it: `keras`, `tf_keras` or `tensorflow.keras`.
        keras_module: &'static str,
        /// Whether it is HDF5.
        is_h5: bool,
    },
    /// A generated loader module for a Keras model that names code of one's own, or holds code.
    KerasLoader {
        /// The module of Keras that opens it.
        keras_module: &'static str,
        /// Whether it is HDF5.
        is_h5: bool,
        /// Classes and functions to be handed over: the name in the file and the import path.
        custom_objects: Vec<(String, String)>,
        /// Whether Keras must be told to run the code that the file holds.
        holds_code: bool,
    },
    /// The tensorflow flavor over a `SavedModel` folder.
    SavedModel {
        /// The tags of the graph.
        tags: Vec<String>,
        /// The signature that is called.
        signature: String,
    },
    /// The tensorflow flavor over a `SavedModel` folder without a signature, whose object is called itself.
    SavedModule,
    /// The transformers flavor over a folder that `save_pretrained` wrote.
    Transformers {
        /// transformers' name of what it is for: `text-classification`.
        task: String,
        /// The class of the pipeline for that task: `TextClassificationPipeline`.
        pipeline: String,
        /// The class of the model: `BertForSequenceClassification`.
        architecture: String,
        /// What lies in the folder beside the model.
        components: Vec<&'static str>,
    },
    /// The `sentence_transformers` flavor over a folder that `SentenceTransformer.save` wrote.
    SentenceTransformers {
        /// The class of the model that gives the embeddings: `BertModel`; unknown for models of another kind.
        architecture: Option<String>,
    },
    /// Generated code that opens a GGUF file with llama.cpp.
    Gguf {
        /// Whether it holds a chat template: then callers' texts are turns of a chat, else they are continued.
        is_chat: bool,
    },
    /// Generated code that opens a TensorFlow Lite file.
    Tflite {
        /// The signature that is called; `None` to call the only graph by the places of its tensors.
        signature: Option<String>,
        /// Whether the graph has operators of TensorFlow itself, which only TensorFlow's own interpreter runs.
        is_flex: bool,
    },
    /// Generated code that opens a Core ML model.
    Coreml {
        /// The inputs in the order of the file, and how each is made for Core ML.
        inputs: Vec<(String, CoremlInput)>,
        /// Whether the model keeps a state between calls.
        is_stateful: bool,
        /// Folders of a package in which no file lies and that must be there all the same.
        empty_folders: Vec<String>,
    },
    /// Generated code that runs a frozen graph of TensorFlow.
    TfGraph {
        /// The nodes that take what callers send.
        inputs: Vec<String>,
        /// The nodes that are asked for.
        outputs: Vec<String>,
    },
    /// Generated code that builds a Keras network from a file that the person adds, and gives it the weights in this one.
    KerasWeights {
        /// Whether the weights lie by layer, as Keras 2 wrote them, and not by the objects that have them.
        is_by_layer: bool,
    },
    /// Generated code that builds a network of the person's own code and gives it the weights in the file.
    TorchWeights {
        /// How the weights are kept.
        form: TorchWeightsForm,
        /// Python subscripts from the root to the dict of tensors: `["state_dict"]`; empty when it is the root.
        path: String,
        /// Classes that the file holds beside the weights, which PyTorch loads only when it is told their names.
        allowed: Vec<String>,
        /// The files that hold the weights together, relative to the folder of the artifact; empty for the artifact itself.
        shards: Vec<String>,
    },
    /// Generated code that opens a file of PyTorch and takes a whole module out of it.
    TorchModuleInside {
        /// Python subscripts from the root to the module: `["model"]`.
        path: String,
    },
    /// An MLflow package already.
    Package,
    /// Not servable; the reason is in [`crate::Inspection::warnings`].
    No,
}

/// How an input is made for Core ML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoremlInput {
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// A text.
    Text,
    /// An array of `NumPy`'s type of that name.
    Array(&'static str),
    /// A picture in colors, from an array of bytes.
    Image,
    /// A picture without colors, from an array of bytes.
    Grayscale,
    /// A picture without colors, from an array of numbers.
    GrayscaleFloat,
    /// As the caller gives it.
    AsItIs,
}

/// What a PyTorch file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PytorchForm {
    /// A pickled module: `torch.save(model)`.
    Module,
    /// TorchScript: `torch.jit.save`.
    Script,
    /// An exported program: `torch.export.save`.
    Exported,
}

/// How a file keeps weights without an architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TorchWeightsForm {
    /// A state dict, or a checkpoint around one: `torch.save`.
    Torch,
    /// `safetensors.torch.save_file`.
    Safetensors,
}

/// A tensor that a program takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TorchInput {
    /// The name of the argument.
    pub name: String,
    /// NumPy's name of the type that callers give; `None` where the file does not tell.
    pub dtype: Option<String>,
    /// PyTorch's name of the type that the program takes, where NumPy has none for it: `bfloat16`.
    pub cast: Option<String>,
}

/// How a program takes its inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct TorchCall {
    /// The arguments without a name.
    pub positional: Vec<TorchArgument>,
    /// The arguments with one.
    pub named: Vec<(String, TorchArgument)>,
}

/// One argument of a program: an input, or something that holds some.
#[derive(Debug, Clone, PartialEq)]
pub enum TorchArgument {
    /// The input of that number.
    Input(usize),
    /// What the program was exported with and takes nothing else for.
    Constant(serde_json::Value),
    /// A tuple.
    Tuple(Vec<TorchArgument>),
    /// A list.
    List(Vec<TorchArgument>),
    /// A dict.
    Dict(Vec<(String, TorchArgument)>),
}

/// A type in a skops file. Loading asks for each whether it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkopsType {
    /// `module.Class`.
    pub name: String,
    /// Whether models of its library are known to be made of it.
    pub is_known: bool,
    /// Why, or why not.
    pub why: String,
}

/// What a generated loader module calls on the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoaderCall {
    /// `model.predict(data)`.
    Predict,
    /// `model.transform(data)`.
    Transform,
    /// `model.fit_predict(data)`: clusterers that can only label the data they are fitted on.
    FitPredict,
    /// `model.predict(xgboost.DMatrix(data))`.
    XgboostBooster,
    /// `model.predict(data)` of a `lightgbm.basic.Booster`.
    LightgbmBooster,
    /// `model.predict(start=…, end=…)` of a statsmodels time series.
    StatsmodelsSeries,
    /// `model.predict(n_periods=…)` of a pmdarima model.
    Pmdarima,
    /// `model(tensor)` of a PyTorch module.
    TorchModule,
}
