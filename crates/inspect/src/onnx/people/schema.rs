//! `onnx.proto` of ONNX 1.23 (IR version 14): the fields of every message, by number and name.

use packwright_formats::protobuf::{FieldDef, Kind, Message};

pub(super) static MODEL: Message = Message {
    name: "ModelProto",
    fields: &[
        FieldDef::one(1, "ir_version", Kind::Int64),
        FieldDef::many(8, "opset_import", Kind::Message(&OPERATOR_SET_ID)),
        FieldDef::one(2, "producer_name", Kind::Text),
        FieldDef::one(3, "producer_version", Kind::Text),
        FieldDef::one(4, "domain", Kind::Text),
        FieldDef::one(5, "model_version", Kind::Int64),
        FieldDef::one(6, "doc_string", Kind::Text),
        FieldDef::one(7, "graph", Kind::Message(&GRAPH)),
        FieldDef::many(14, "metadata_props", Kind::Message(&STRING_STRING_ENTRY)),
        FieldDef::many(20, "training_info", Kind::Message(&TRAINING_INFO)),
        FieldDef::many(25, "functions", Kind::Message(&FUNCTION)),
        FieldDef::many(26, "configuration", Kind::Message(&DEVICE_CONFIGURATION)),
    ],
};

static OPERATOR_SET_ID: Message = Message {
    name: "OperatorSetIdProto",
    fields: &[FieldDef::one(1, "domain", Kind::Text), FieldDef::one(2, "version", Kind::Int64)],
};

static GRAPH: Message = Message {
    name: "GraphProto",
    fields: &[
        FieldDef::many(1, "node", Kind::Message(&NODE)),
        FieldDef::one(2, "name", Kind::Text),
        FieldDef::many(5, "initializer", Kind::Message(&TENSOR)),
        FieldDef::many(15, "sparse_initializer", Kind::Message(&SPARSE_TENSOR)),
        FieldDef::one(10, "doc_string", Kind::Text),
        FieldDef::many(11, "input", Kind::Message(&VALUE_INFO)),
        FieldDef::many(12, "output", Kind::Message(&VALUE_INFO)),
        FieldDef::many(13, "value_info", Kind::Message(&VALUE_INFO)),
        FieldDef::many(14, "quantization_annotation", Kind::Message(&TENSOR_ANNOTATION)),
        FieldDef::many(16, "metadata_props", Kind::Message(&STRING_STRING_ENTRY)),
    ],
};

static NODE: Message = Message {
    name: "NodeProto",
    fields: &[
        FieldDef::many(1, "input", Kind::Text),
        FieldDef::many(2, "output", Kind::Text),
        FieldDef::one(3, "name", Kind::Text),
        FieldDef::one(4, "op_type", Kind::Text),
        FieldDef::one(7, "domain", Kind::Text),
        FieldDef::one(8, "overload", Kind::Text),
        FieldDef::many(5, "attribute", Kind::Message(&ATTRIBUTE)),
        FieldDef::one(6, "doc_string", Kind::Text),
        FieldDef::many(9, "metadata_props", Kind::Message(&STRING_STRING_ENTRY)),
        FieldDef::many(10, "device_configurations", Kind::Message(&NODE_DEVICE_CONFIGURATION)),
    ],
};

static ATTRIBUTE: Message = Message {
    name: "AttributeProto",
    fields: &[
        FieldDef::one(1, "name", Kind::Text),
        FieldDef::one(21, "ref_attr_name", Kind::Text),
        FieldDef::one(13, "doc_string", Kind::Text),
        FieldDef::one(20, "type", Kind::Enum(&ATTRIBUTE_TYPE)),
        FieldDef::one(2, "f", Kind::Float),
        FieldDef::one(3, "i", Kind::Int64),
        FieldDef::one(4, "s", Kind::Bytes),
        FieldDef::one(5, "t", Kind::Message(&TENSOR)),
        FieldDef::one(6, "g", Kind::Message(&GRAPH)),
        FieldDef::one(22, "sparse_tensor", Kind::Message(&SPARSE_TENSOR)),
        FieldDef::one(14, "tp", Kind::Message(&TYPE)),
        FieldDef::many(7, "floats", Kind::Float),
        FieldDef::many(8, "ints", Kind::Int64),
        FieldDef::many(9, "strings", Kind::Bytes),
        FieldDef::many(10, "tensors", Kind::Message(&TENSOR)),
        FieldDef::many(11, "graphs", Kind::Message(&GRAPH)),
        FieldDef::many(23, "sparse_tensors", Kind::Message(&SPARSE_TENSOR)),
        FieldDef::many(15, "type_protos", Kind::Message(&TYPE)),
    ],
};

static TENSOR: Message = Message {
    name: "TensorProto",
    fields: &[
        FieldDef::many(1, "dims", Kind::Int64),
        FieldDef::one(2, "data_type", Kind::Int32),
        FieldDef::one(3, "segment", Kind::Message(&TENSOR_SEGMENT)),
        FieldDef::packed(4, "float_data", Kind::Float),
        FieldDef::packed(5, "int32_data", Kind::Int32),
        FieldDef::many(6, "string_data", Kind::Bytes),
        FieldDef::packed(7, "int64_data", Kind::Int64),
        FieldDef::one(8, "name", Kind::Text),
        FieldDef::one(12, "doc_string", Kind::Text),
        FieldDef::one(9, "raw_data", Kind::Bytes),
        FieldDef::many(13, "external_data", Kind::Message(&STRING_STRING_ENTRY)),
        FieldDef::one(14, "data_location", Kind::Enum(&DATA_LOCATION)),
        FieldDef::packed(10, "double_data", Kind::Double),
        FieldDef::packed(11, "uint64_data", Kind::Uint64),
        FieldDef::many(16, "metadata_props", Kind::Message(&STRING_STRING_ENTRY)),
    ],
};

static TENSOR_SEGMENT: Message = Message {
    name: "TensorProto.Segment",
    fields: &[FieldDef::one(1, "begin", Kind::Int64), FieldDef::one(2, "end", Kind::Int64)],
};

static STRING_STRING_ENTRY: Message = Message {
    name: "StringStringEntryProto",
    fields: &[FieldDef::one(1, "key", Kind::Text), FieldDef::one(2, "value", Kind::Text)],
};

static SPARSE_TENSOR: Message = Message {
    name: "SparseTensorProto",
    fields: &[
        FieldDef::one(1, "values", Kind::Message(&TENSOR)),
        FieldDef::one(2, "indices", Kind::Message(&TENSOR)),
        FieldDef::many(3, "dims", Kind::Int64),
    ],
};

static TYPE: Message = Message {
    name: "TypeProto",
    fields: &[
        FieldDef::one(1, "tensor_type", Kind::Message(&TYPE_TENSOR)),
        FieldDef::one(4, "sequence_type", Kind::Message(&TYPE_SEQUENCE)),
        FieldDef::one(5, "map_type", Kind::Message(&TYPE_MAP)),
        FieldDef::one(9, "optional_type", Kind::Message(&TYPE_OPTIONAL)),
        FieldDef::one(8, "sparse_tensor_type", Kind::Message(&TYPE_SPARSE_TENSOR)),
        FieldDef::one(7, "opaque_type", Kind::Message(&TYPE_OPAQUE)),
        FieldDef::one(6, "denotation", Kind::Text),
    ],
};

static TYPE_TENSOR: Message = Message {
    name: "TypeProto.Tensor",
    fields: &[
        FieldDef::one(1, "elem_type", Kind::Int32),
        FieldDef::one(2, "shape", Kind::Message(&TENSOR_SHAPE)),
    ],
};

static TENSOR_SHAPE: Message = Message {
    name: "TensorShapeProto",
    fields: &[FieldDef::many(1, "dim", Kind::Message(&TENSOR_SHAPE_DIMENSION))],
};

static TENSOR_SHAPE_DIMENSION: Message = Message {
    name: "TensorShapeProto.Dimension",
    fields: &[
        FieldDef::one(1, "dim_value", Kind::Int64),
        FieldDef::one(2, "dim_param", Kind::Text),
        FieldDef::one(3, "denotation", Kind::Text),
    ],
};

static TYPE_SEQUENCE: Message =
    Message { name: "TypeProto.Sequence", fields: &[FieldDef::one(1, "elem_type", Kind::Message(&TYPE))] };

static TYPE_MAP: Message = Message {
    name: "TypeProto.Map",
    fields: &[
        FieldDef::one(1, "key_type", Kind::Int32),
        FieldDef::one(2, "value_type", Kind::Message(&TYPE)),
    ],
};

static TYPE_OPTIONAL: Message =
    Message { name: "TypeProto.Optional", fields: &[FieldDef::one(1, "elem_type", Kind::Message(&TYPE))] };

static TYPE_SPARSE_TENSOR: Message = Message {
    name: "TypeProto.SparseTensor",
    fields: &[
        FieldDef::one(1, "elem_type", Kind::Int32),
        FieldDef::one(2, "shape", Kind::Message(&TENSOR_SHAPE)),
    ],
};

static TYPE_OPAQUE: Message = Message {
    name: "TypeProto.Opaque",
    fields: &[FieldDef::one(1, "domain", Kind::Text), FieldDef::one(2, "name", Kind::Text)],
};

static NODE_DEVICE_CONFIGURATION: Message = Message {
    name: "NodeDeviceConfigurationProto",
    fields: &[
        FieldDef::one(1, "configuration_id", Kind::Text),
        FieldDef::many(2, "sharding_spec", Kind::Message(&SHARDING_SPEC)),
        FieldDef::one(3, "pipeline_stage", Kind::Int32),
    ],
};

static SHARDING_SPEC: Message = Message {
    name: "ShardingSpecProto",
    fields: &[
        FieldDef::one(1, "tensor_name", Kind::Text),
        FieldDef::many(2, "device", Kind::Int64),
        FieldDef::many(3, "index_to_device_group_map", Kind::Message(&INT_INT_LIST_ENTRY)),
        FieldDef::many(4, "sharded_dim", Kind::Message(&SHARDED_DIM)),
    ],
};

static INT_INT_LIST_ENTRY: Message = Message {
    name: "IntIntListEntryProto",
    fields: &[FieldDef::one(1, "key", Kind::Int64), FieldDef::many(2, "value", Kind::Int64)],
};

static SHARDED_DIM: Message = Message {
    name: "ShardedDimProto",
    fields: &[
        FieldDef::one(1, "axis", Kind::Int64),
        FieldDef::many(2, "simple_sharding", Kind::Message(&SIMPLE_SHARDED_DIM)),
    ],
};

static SIMPLE_SHARDED_DIM: Message = Message {
    name: "SimpleShardedDimProto",
    fields: &[
        FieldDef::one(1, "dim_value", Kind::Int64),
        FieldDef::one(2, "dim_param", Kind::Text),
        FieldDef::one(3, "num_shards", Kind::Int64),
    ],
};

static VALUE_INFO: Message = Message {
    name: "ValueInfoProto",
    fields: &[
        FieldDef::one(1, "name", Kind::Text),
        FieldDef::one(2, "type", Kind::Message(&TYPE)),
        FieldDef::one(3, "doc_string", Kind::Text),
        FieldDef::many(4, "metadata_props", Kind::Message(&STRING_STRING_ENTRY)),
    ],
};

static TENSOR_ANNOTATION: Message = Message {
    name: "TensorAnnotation",
    fields: &[
        FieldDef::one(1, "tensor_name", Kind::Text),
        FieldDef::many(2, "quant_parameter_tensor_names", Kind::Message(&STRING_STRING_ENTRY)),
    ],
};

static TRAINING_INFO: Message = Message {
    name: "TrainingInfoProto",
    fields: &[
        FieldDef::one(1, "initialization", Kind::Message(&GRAPH)),
        FieldDef::one(2, "algorithm", Kind::Message(&GRAPH)),
        FieldDef::many(3, "initialization_binding", Kind::Message(&STRING_STRING_ENTRY)),
        FieldDef::many(4, "update_binding", Kind::Message(&STRING_STRING_ENTRY)),
    ],
};

static FUNCTION: Message = Message {
    name: "FunctionProto",
    fields: &[
        FieldDef::one(1, "name", Kind::Text),
        FieldDef::many(4, "input", Kind::Text),
        FieldDef::many(5, "output", Kind::Text),
        FieldDef::many(6, "attribute", Kind::Text),
        FieldDef::many(11, "attribute_proto", Kind::Message(&ATTRIBUTE)),
        FieldDef::many(7, "node", Kind::Message(&NODE)),
        FieldDef::one(8, "doc_string", Kind::Text),
        FieldDef::many(9, "opset_import", Kind::Message(&OPERATOR_SET_ID)),
        FieldDef::one(10, "domain", Kind::Text),
        FieldDef::one(13, "overload", Kind::Text),
        FieldDef::many(12, "value_info", Kind::Message(&VALUE_INFO)),
        FieldDef::many(14, "metadata_props", Kind::Message(&STRING_STRING_ENTRY)),
    ],
};

static DEVICE_CONFIGURATION: Message = Message {
    name: "DeviceConfigurationProto",
    fields: &[
        FieldDef::one(1, "name", Kind::Text),
        FieldDef::one(2, "num_devices", Kind::Int32),
        FieldDef::many(3, "device", Kind::Text),
    ],
};

const ATTRIBUTE_TYPE: [(&str, i32); 15] = [
    ("UNDEFINED", 0),
    ("FLOAT", 1),
    ("INT", 2),
    ("STRING", 3),
    ("TENSOR", 4),
    ("GRAPH", 5),
    ("SPARSE_TENSOR", 11),
    ("TYPE_PROTO", 13),
    ("FLOATS", 6),
    ("INTS", 7),
    ("STRINGS", 8),
    ("TENSORS", 9),
    ("GRAPHS", 10),
    ("SPARSE_TENSORS", 12),
    ("TYPE_PROTOS", 14),
];

const DATA_LOCATION: [(&str, i32); 2] = [("DEFAULT", 0), ("EXTERNAL", 1)];
