"""Lines that `known_names.py` adds to what it collects, each with its reason: names of Python itself, functions that people hand to
FunctionTransformer, and names of versions and settings that no environment has.

    ("kind", "module", "names", "why it is harmless with an attacker's arguments and state")
"""

# What the interpreter's own types need. Their instances are made of the values given; only what the values are made of matters.
PYTHON = [
    ("call", "builtins", "bool bytearray bytes complex dict float frozenset int list object range set slice str", "copies its arguments"),
    ("call", "__builtin__", "bool bytearray bytes complex dict float frozenset int list long object range set slice str unicode xrange", "copies its arguments"),
    ("call", "collections", "Counter OrderedDict deque", "copies its arguments"),
    ("call", "collections", "defaultdict", "keeps its factory for keys that are missing; see `arg`"),
    ("call", "_codecs", "encode", "Python's own codecs only: a codec's name never leaves the package encodings"),
    ("call", "copyreg", "__newobj__ __newobj_ex__ _reconstructor", "makes the class that it is given; that class is judged as made"),
    ("call", "copy_reg", "_reconstructor __newobj__", "the same in Python 2"),
    ("call", "datetime", "date datetime time timedelta timezone", "checks numbers"),
    ("call", "decimal", "Decimal", "reads digits"),
    ("call", "fractions", "Fraction", "reads digits"),
    ("call", "functools", "partial", "keeps a function and arguments; the function must be a `ref`, as others may call it"),
    ("call", "operator", "itemgetter", "keeps keys"),
    ("call", "pytz", "_UTC", "takes no arguments"),
    ("call", "random", "Random", "takes a seed; its state is numbers"),
    ("call", "types", "SimpleNamespace", "keeps its arguments as attributes"),
    ("call", "uuid", "UUID", "reads digits"),
    ("class", "argparse", "Namespace", "keeps its state as attributes, and calls none of them"),
    ("class", "builtins", "object", "has no attributes"),
    ("class", "__builtin__", "object", "has no attributes"),
    ("class", "uuid", "UUID", "its state is a number"),
    ("ref", "builtins", "Ellipsis NotImplemented abs bool float int len round str sum", "only computes; max and min call the key function that they are given"),
    ("ref", "__builtin__", "abs bool float int len round str sum unicode", "only computes"),
    ("ref", "math", "cos exp expm1 log log10 log1p log2 sin sqrt tan tanh", "only computes"),
    # The base of a class that protocol 0 or 1 made: its constructor gets the state.
    ("arg", "copyreg._reconstructor 1 builtins", "object dict list set frozenset float int str bytes", "copies its arguments"),
    ("arg", "copyreg._reconstructor 1 __builtin__", "object dict list set frozenset float int str unicode long", "the same in Python 2"),
    ("arg", "copy_reg._reconstructor 1 __builtin__", "object dict list set frozenset float int str unicode long", "the same in Python 2"),
    ("arg", "collections.defaultdict 0 builtins", "bool bytes dict float frozenset int list set str", "makes an empty one"),
    ("arg", "collections.defaultdict 0 __builtin__", "bool dict float frozenset int list long set str unicode", "makes an empty one"),
    ("arg", "collections.defaultdict 0 collections", "Counter OrderedDict deque", "makes an empty one"),
]

# Element-wise functions, reductions and constructors of arrays. None opens a file, none calls a function that it is given, except
# that `dtype=` and objects in arrays may bring their own arithmetic.
NUMPY = (
    "abs all allclose amax amin angle any append arange argmax argmin argsort argwhere around array asanyarray asarray ascontiguousarray asfarray "
    "asfortranarray astype atleast_1d atleast_2d atleast_3d average bincount broadcast_to clip column_stack concatenate conj conjugate corrcoef "
    "count_nonzero cov cross cumprod cumsum delete diag diff digitize divide dot ediff1d einsum expand_dims extract eye fix flatnonzero "
    "flip fliplr flipud full full_like gradient histogram hstack hypot identity imag in1d inner insert interp intersect1d isclose isfinite isin isinf isnan "
    "isneginf isposinf isreal kron linspace logspace matmul max maximum mean median min minimum moveaxis nan_to_num nanargmax nanargmin nancumsum "
    "nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar ndim nonzero ones ones_like outer percentile "
    "permute_dims polyfit polyval prod product ptp putmask quantile ravel real real_if_close repeat reshape resize roll rollaxis rot90 round round_ "
    "searchsorted select setdiff1d shape sinc size sort split squeeze stack std sum swapaxes take tensordot tile trace transpose trapezoid trapz tri tril triu "
    "unique unwrap vander var vdot vstack where zeros zeros_like"
)

# Where NumPy before 1.17 says that its functions live.
FROMNUMERIC = "all amax amin any argmax argmin argsort around clip compress cumprod cumsum mean ndim nonzero prod ptp put ravel repeat reshape resize round round_ searchsorted shape size sort squeeze std sum swapaxes take trace transpose var"

# Distributions, which searches keep as what they draw parameters from.
CONTINUOUS = (
    "alpha_gen anglit_gen arcsine_gen argus_gen beta_gen betaprime_gen bradford_gen burr12_gen burr_gen cauchy_gen chi2_gen chi_gen "
    "cosine_gen crystalball_gen dgamma_gen dpareto_lognorm_gen dweibull_gen erlang_gen expon_gen exponnorm_gen exponpow_gen "
    "exponweib_gen f_gen fatiguelife_gen fisk_gen foldcauchy_gen foldnorm_gen gamma_gen gausshyper_gen genexpon_gen genextreme_gen "
    "gengamma_gen genhalflogistic_gen genhyperbolic_gen geninvgauss_gen genlogistic_gen gennorm_gen genpareto_gen gibrat_gen "
    "gilbrat_gen gompertz_gen gumbel_l_gen gumbel_r_gen halfcauchy_gen halfgennorm_gen halflogistic_gen halfnorm_gen hypsecant_gen "
    "invgamma_gen invgauss_gen invweibull_gen irwinhall_gen jf_skew_t_gen johnsonsb_gen johnsonsu_gen kappa3_gen kappa4_gen ksone_gen "
    "kstwo_gen kstwobign_gen landau_gen laplace_asymmetric_gen laplace_gen levy_gen levy_l_gen levy_stable_gen loggamma_gen "
    "logistic_gen loglaplace_gen lognorm_gen lomax_gen maxwell_gen mielke_gen moyal_gen nakagami_gen ncf_gen nct_gen ncx2_gen "
    "norm_gen norminvgauss_gen pareto_gen pearson3_gen powerlaw_gen powerlognorm_gen powernorm_gen rayleigh_gen rdist_gen "
    "recipinvgauss_gen reciprocal_gen rel_breitwigner_gen rice_gen semicircular_gen skew_norm_gen skewcauchy_gen skewnorm_gen "
    "studentized_range_gen t_gen trapezoid_gen trapz_gen triang_gen truncexpon_gen truncnorm_gen truncpareto_gen truncweibull_min_gen "
    "tukeylambda_gen uniform_gen vonmises_gen wald_gen weibull_max_gen weibull_min_gen wrapcauchy_gen"
)
DISCRETE = (
    "_nchypergeom_gen bernoulli_gen betabinom_gen betanbinom_gen binom_gen boltzmann_gen dlaplace_gen geom_gen hypergeom_gen "
    "logser_gen nbinom_gen nchypergeom_fisher_gen nchypergeom_wallenius_gen nhypergeom_gen planck_gen poisson_binom_gen poisson_gen "
    "randint_gen skellam_gen yulesimon_gen zipf_gen zipfian_gen"
)

EXTRAS = {
    "numpy": [
        ("ref", "numpy", NUMPY, "computes on arrays"),
        ("ref", "numpy.core.fromnumeric", FROMNUMERIC, "computes on arrays"),
        ("ref", "numpy._core.fromnumeric", FROMNUMERIC, "computes on arrays"),
        ("ref", "numpy.lib.function_base", "average bincount corrcoef cov diff digitize gradient interp median percentile quantile", "computes on arrays"),
        ("ref", "numpy.lib.nanfunctions", "nanmax nanmean nanmedian nanmin nanpercentile nanstd nansum nanvar", "computes on arrays"),
        ("ref", "numpy.lib.type_check", "nan_to_num", "computes on arrays"),
        ("ref", "numpy.core.multiarray", "array concatenate dot inner where", "makes arrays"),
        ("ref", "numpy.core.numeric", "asarray asanyarray ones_like zeros_like", "makes arrays"),
        ("arg", "numpy.core.multiarray._reconstruct 0 numpy", "chararray matrix ndarray recarray", "makes an empty array of that class"),
        ("arg", "numpy._core.multiarray._reconstruct 0 numpy", "chararray matrix ndarray recarray", "makes an empty array of that class"),
        ("arg", "numpy.core.multiarray._reconstruct 0 numpy.rec", "recarray", "makes an empty array of that class"),
        ("arg", "numpy._core.multiarray._reconstruct 0 numpy.rec", "recarray", "makes an empty array of that class"),
        ("arg", "numpy.dtype 0 numpy", "bool_ bytes_ complex128 complex64 datetime64 float16 float32 float64 int16 int32 int64 int8 object_ str_ timedelta64 uint16 uint32 uint64 uint8", "joblib 0.9 named dtypes by their scalars"),
        ("ref", "numpy", "object_", "a dtype's type"),
        ("ref", "numpy.linalg", "cond det inv matrix_rank norm pinv", "computes on arrays"),
    ],
    "scipy": [
        ("class", "scipy.stats._continuous_distns", CONTINUOUS, "evaluates the template in its state, which crates/inspect reads: safety/states"),
        ("class", "scipy.stats._discrete_distns", DISCRETE, "evaluates the template in its state, which crates/inspect reads: safety/states"),
        ("class", "scipy.stats._distn_infrastructure", "rv_continuous_frozen rv_discrete_frozen rv_frozen", "keeps a distribution and its parameters"),
    ],
    "scikit-learn": [
        ("class", "sklearn.utils._metadata_requests", "MetadataRequest MethodMetadataRequest", "plain records of metadata routing, which meta-estimators keep"),
        ("ref", "sklearn.preprocessing._function_transformer", "_identity", "returns its argument"),
    ],
    "torch": [
        ("class", "torch.nn.modules.activation", "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.adaptive", "AdaptiveLogSoftmaxWithLoss", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.batchnorm", "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d SyncBatchNorm _BatchNorm _LazyNormBase _NormBase", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.channelshuffle", "ChannelShuffle", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.container", "Container ModuleDict ModuleList ParameterDict ParameterList Sequential", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.conv", "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d _ConvNd _ConvTransposeMixin _ConvTransposeNd", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.distance", "CosineSimilarity PairwiseDistance", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.dropout", "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout _DropoutNd", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.flatten", "Flatten Unflatten", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.fold", "Fold Unfold", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.instancenorm", "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d _InstanceNorm", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.linear", "Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.loss", "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss LinearCrossEntropyLoss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss _Loss _WeightedLoss", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.module", "Module", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.normalization", "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.padding", "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d _CircularPadNd _ConstantPadNd _ReflectionPadNd _ReplicationPadNd", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.pixelshuffle", "PixelShuffle PixelUnshuffle", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.pooling", "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d _AdaptiveAvgPoolNd _AdaptiveMaxPoolNd _AvgPoolNd _LPPoolNd _MaxPoolNd _MaxUnpoolNd", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.rnn", "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.sparse", "Embedding EmbeddingBag", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.transformer", "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("class", "torch.nn.modules.upsampling", "Upsample UpsamplingBilinear2d UpsamplingNearest2d", "a layer: its state is data, layers and hooks, and every name among them is judged"),
        ("ref", "torch", "BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage DoubleStorage FloatStorage HalfStorage IntStorage LongStorage QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage ShortStorage", "the type of a storage, which the persistent id of its bytes names"),
        ("ref", "torch.storage", "TypedStorage UntypedStorage", "the type of a storage"),
        ("ref", "torch", "BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor ShortTensor", "the type of a tensor, which the tar archives of the first releases name"),
        ("ref", "torch", "bfloat16 bool complex128 complex32 complex64 float16 float32 float64 float4_e2m1fn_x2 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu int16 int32 int64 int8 qint32 qint8 quint2x4 quint4x2 quint8 uint16 uint32 uint64 uint8", "a dtype: a value"),
        ("ref", "torch", "per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine per_tensor_symmetric", "a quantization scheme: a value"),
        ("ref", "torch.nn.functional", "elu gelu hardtanh leaky_relu relu selu silu softmax softplus", "computes on tensors; transformer layers keep theirs"),
        ("call", "torch._utils", "_rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3", "makes a tensor over a storage, with attributes that are judged by themselves"),
        ("call", "torch._utils", "_rebuild_meta_tensor_no_storage", "makes a tensor without memory out of a shape"),
        ("arg", "torch._utils._rebuild_meta_tensor_no_storage 0 torch", "bfloat16 bool complex128 complex32 complex64 float16 float32 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu int16 int32 int64 int8 uint16 uint32 uint64 uint8", "the dtype of a tensor without memory"),
        ("call", "torch._utils", "_rebuild_sparse_tensor", "makes a tensor of the tensors that it is given; torch.load checks that they fit"),
        ("call", "torch.serialization", "_get_layout", "looks a layout up in a table of PyTorch's own by its name"),
        ("class", "torch.nn.utils.weight_norm", "WeightNorm", "a hook that multiplies two parameters: its state is their name and a number"),
        ("class", "torch.nn.utils.spectral_norm", "SpectralNorm SpectralNormLoadStateDictPreHook SpectralNormStateDictHook", "a hook that divides a parameter by a number: its state is the parameter's name and numbers"),
        ("arg", "torch._utils._rebuild_tensor_v3 6 torch", "bfloat16 bool complex128 complex32 complex64 float16 float32 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu int16 int32 int64 int8 uint16 uint32 uint64 uint8", "the dtype of a tensor over untyped bytes"),
        ("call", "torch", "Size device", "a tuple of numbers; the name of a device"),
    ],
    "joblib": [
        ("class", "joblib.numpy_pickle", "NumpyArrayWrapper", "describes an array; what follows it is read by crates/formats"),
        ("class", "sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper", "the copy that scikit-learn before 0.23 shipped"),
    ],
}


def lines(extras):
    """The extras as lines of a list."""
    result = []
    for kind, module, names, _ in extras:
        result += ["%s %s.%s" % (kind, module, name) for name in names.split()]
    return result
