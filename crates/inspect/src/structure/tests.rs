use std::path::{Path, PathBuf};

use packwright_source::Limits;

use super::*;
use crate::inspect;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

fn structures(name: &str) -> Vec<Structure> {
    of(&inspect(&fixtures().join(name), &Limits::default()).unwrap())
}

fn tensor(name: &str, shape: &[u64]) -> Tensor {
    let n: u64 = shape.iter().product();
    Tensor {
        name: name.to_owned(),
        dtype: "float32".to_owned(),
        shape: shape.to_vec(),
        size_bytes: n * 4,
        is_parameter: !name.ends_with("running_mean"),
    }
}

/// Each row as one line: depth in spaces, name, class, detail, shape, parameters.
fn lines(structure: &Structure) -> Vec<String> {
    let line = |row: &StructureRow| {
        let weights = row.weights.map(|weights| format!("{} {}", weights.n_parameters, weights.size_bytes));
        let class = row.class.rsplit('.').next().unwrap_or_default();
        let words = [&row.name, class, row.detail.as_deref().unwrap_or_default()];
        let more = [row.output.clone().unwrap_or_default(), weights.unwrap_or_default()];
        let indent = " ".repeat(row.depth as usize);
        format!("{indent}{} | {} | {} | {} | {}", words[0], words[1], words[2], more[0], more[1])
    };
    structure.rows.iter().map(line).collect()
}

#[test]
fn names_of_tensors_make_groups_with_sums_and_numbers_in_their_order() {
    let names = ["h.10.w", "h.2.w", "h.2.norm.running_mean", "head/bias", "h.2.w2", "alone"];
    let tensors: Tensors = names.iter().map(|name| tensor(name, &[2, 3])).collect();
    let structure = of_tensors(&tensors).unwrap();
    assert_eq!(structure.kind, StructureKind::Names);
    assert_eq!(
        lines(&structure),
        [
            "h |  |  |  | 18 96",
            " 2 |  | w 2 × 3, w2 2 × 3 |  | 12 72",
            "  norm |  | running_mean 2 × 3 |  | 0 24",
            " 10 |  | w 2 × 3 |  | 6 24",
            "head |  | bias 2 × 3 |  | 6 24",
        ]
    );
}

#[test]
fn names_without_groups_give_no_structure() {
    let flat: Tensors = ["a", "b", "c.d"].iter().map(|name| tensor(name, &[1])).collect();
    assert_eq!(of_tensors(&flat), None);
}

#[test]
fn a_name_of_many_dots_is_cut_and_no_row_is_lost() {
    let deep = vec!["x"; 500].join(".");
    let tensors: Tensors = [deep.as_str(), "a.b"].iter().map(|name| tensor(name, &[1])).collect();
    let structure = of_tensors(&tensors).unwrap();
    assert_eq!(structure.rows.len(), LEVELS + 1);
    let last = structure.rows.iter().max_by_key(|row| row.depth).unwrap();
    assert!(last.detail.as_ref().unwrap().starts_with("x.x.x"), "{last:?}");
}

#[test]
fn layers_get_the_weights_that_are_named_by_their_way() {
    let part = |name: &str, parts| Part { name: name.into(), class: "m.C".into(), parts, ..Part::default() };
    let root = part("", vec![part("body", vec![part("0", Vec::new())]), part("act", Vec::new())]);
    let tensors: Tensors =
        ["body.0.weight", "body.0.running_mean"].iter().map(|name| tensor(name, &[4])).collect();
    let structure = of_part(&root, StructureKind::Layers, &Sums::of(&tensors));
    assert_eq!(
        lines(&structure),
        [" | C |  |  | 4 32", " body | C |  |  | 4 32", "  0 | C |  |  | 4 32", " act | C |  |  | "]
    );
}

#[test]
fn a_tree_of_endless_depth_and_width_is_bounded_and_says_so() {
    let mut root = Part { class: "m.C".into(), ..Part::default() };
    for _ in 0..50 {
        root = Part { class: "m.C".into(), parts: vec![root], ..Part::default() };
    }
    assert_eq!(of_part(&root, StructureKind::Steps, &Sums::default()).rows.len(), 51);
    let wide = Part { parts: vec![Part::default(); ROWS + 3], ..Part::default() };
    let structure = of_part(&wide, StructureKind::Steps, &Sums::default());
    assert_eq!((structure.rows.len(), structure.hidden), (ROWS, 3));
}

#[test]
fn shapes_keep_names_and_say_what_may_be_any_length() {
    let named = [Some("batch".to_owned()), Some("3".to_owned()), None];
    assert_eq!(shape_text(named), "batch × 3 × ?");
    assert_eq!(shape_text::<u64>([]), "scalar");
}

#[test]
fn layers_of_keras_have_the_shapes_and_sizes_that_keras_counts() {
    // model.layers, layer.output.shape and layer.count_params() of Keras 3.15; float32 is four bytes each.
    let [cnn] = &structures("keras/cnn.keras")[..] else { panic!("one view") };
    assert_eq!(cnn.kind, StructureKind::Layers);
    assert_eq!(
        lines(cnn),
        [
            " | Functional |  |  | 132 528",
            " image | InputLayer | (None, 8, 8, 3) float32 | ? × 8 × 8 × 3 | 0 0",
            " rescaling | Rescaling |  | ? × 8 × 8 × 3 | 0 0",
            " conv2d | Conv2D | filters=4, kernel_size=[3,3], activation=relu | ? × 6 × 6 × 4 | 112 448",
            " global_average_pooling2d | GlobalAveragePooling2D |  | ? × 4 | 0 0",
            " out | Dense | units=4 | ? × 4 | 20 80",
        ]
    );
    // As Keras 2 wrote the same model, and HDF5 the other layout: groups by layer.
    assert_eq!(lines(&structures("keras/keras2_cnn.keras")[0]), lines(cnn));
    let sizes = |name: &str| -> Vec<u64> {
        let [structure] = &structures(name)[..] else { panic!("one view") };
        structure.rows.iter().filter_map(|row| Some(row.weights?.n_parameters)).collect()
    };
    assert_eq!(sizes("keras/functional_multi_io.keras"), [62, 0, 20, 0, 0, 0, 14, 28]);
    assert_eq!(sizes("keras/functional_full.h5"), [62, 0, 20, 0, 0, 0, 14, 28]);
    assert_eq!(sizes("keras/keras2_sequential.h5"), [67, 0, 40, 0, 27]);
}

#[test]
fn graphs_are_their_operators_and_symbols_keep_their_names() {
    let [onnx] = &structures("onnx/dense_dynamic_batch.onnx")[..] else { panic!("one view") };
    assert_eq!(onnx.kind, StructureKind::Operators);
    assert_eq!(
        lines(onnx),
        [
            "x | input | float | batch × 4 | ",
            "h | Gemm |  |  | ",
            "prob | Softmax |  | batch × 3 | ",
            "prob | output | float | batch × 3 | ",
        ]
    );
    let [exported, names] = &structures("torch/conv_exported_dynamic.pt2")[..] else { panic!("two views") };
    assert_eq!(lines(exported)[0], "image | input | float32 | s40 × 3 × 16 × 16 | ");
    assert!(exported.rows.iter().any(|row| row.class == "aten.conv2d"), "{exported:?}");
    assert_eq!(names.kind, StructureKind::Names);
    assert_eq!(lines(names)[1], " 0 |  | weight 4 × 3 × 3 × 3, bias 4 |  | 112 448");
    let [lite] = &structures("tflite/sequential.tflite")[..] else { panic!("one view") };
    assert_eq!(lines(lite), [" | FULLY_CONNECTED | 2 times |  | ", " | SOFTMAX | once |  | "]);
}

#[test]
fn modules_and_pipelines_are_trees() {
    let [script] = &structures("torch/conv_scripted.pt")[..] else { panic!("one view") };
    assert_eq!(
        lines(script)[..3],
        [" | ConvNet |  |  | 137 548", " body | Sequential |  |  | 112 448", "  0 | Conv2d |  |  | 112 448"]
    );
    let [steps] = &structures("sklearn/columntransformer_mixed_df.joblib")[..] else { panic!("one view") };
    assert_eq!(steps.kind, StructureKind::Steps);
    assert_eq!(
        lines(steps)[..4],
        [
            " | Pipeline |  |  | ",
            " pre | ColumnTransformer |  |  | ",
            "  num | Pipeline | age, income, tenure, score |  | ",
            "   simpleimputer | SimpleImputer |  |  | ",
        ]
    );
}
