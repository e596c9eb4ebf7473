use std::path::Path;

use packwright_source::Limits;
use tempfile::TempDir;

use crate::safety::{Severity, Verdict};
use crate::{InspectError, Inspection, Serving, SourcedSchema, inspect};

const CONFIG: &str = r#"{"architectures":["BertForSequenceClassification"],"model_type":"bert","transformers_version":"4.40.0",
    "id2label":{"10":"K","0":"A","1":"B"}}"#;
const TOKENIZER: (&str, &[u8]) = ("tokenizer.json", b"{}");

/// One tensor of two floats.
fn weights() -> Vec<u8> {
    let header = br#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    [&(header.len() as u64).to_le_bytes()[..], header, &[0; 8]].concat()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn read(files: &[(&str, &[u8])]) -> Result<Inspection, InspectError> {
    inspect(folder(files).path(), &Limits::default())
}

/// A whole model with some files more, or other ones.
fn model(more: &[(&str, &[u8])]) -> Inspection {
    let weights = weights();
    let usual = [("config.json", CONFIG.as_bytes()), TOKENIZER, ("model.safetensors", &weights)];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    read(&kept.chain(more.iter().copied()).collect::<Vec<_>>()).unwrap()
}

fn fixture(name: &str) -> Inspection {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/transformers").join(name);
    inspect(&path, &Limits::default()).unwrap()
}

#[test]
fn a_saved_model_is_served_by_the_task_of_its_architecture() {
    let inspection = fixture("bert_classifier");
    let Serving::Transformers { task, architecture, components, .. } = &inspection.serving else {
        panic!("{:?}", inspection.serving)
    };
    assert_eq!(
        (task.as_str(), architecture.as_str()),
        ("text-classification", "BertForSequenceClassification")
    );
    assert_eq!(*components, ["tokenizer"]);
    assert_eq!(inspection.tensors.unwrap().n_elements, 3162);
    assert_eq!(inspection.safety.verdict(), Verdict::Safe);
    assert!(
        matches!(fixture("gpt2_lm").serving, Serving::Transformers { task, .. } if task == "text-generation")
    );
}

#[test]
fn a_sentence_transformer_gives_vectors_of_the_length_that_its_pooling_says() {
    let inspection = fixture("sentence_transformer");
    let architecture = Some("BertModel".to_owned());
    assert_eq!(inspection.serving, Serving::SentenceTransformers { architecture });
    let Some(SourcedSchema::Tensors(outputs)) = &inspection.signature.outputs else { panic!("no tensors") };
    assert_eq!(outputs[0].value.shape, [-1, 16]);
    let lines: Vec<_> = inspection.requirements.iter().map(|line| line.requirement.as_str()).collect();
    assert_eq!(lines, ["sentence-transformers==6.2.0", "transformers==5.23.0", "torch==2.15.0"]);
    assert_eq!(inspection.warnings, Vec::<String>::new());
}

#[test]
fn labels_stand_in_the_order_of_their_numbers() {
    assert_eq!(model(&[]).fact("class_labels").unwrap().value, serde_json::json!(["A", "B", "K"]));
}

#[test]
fn what_loading_would_run_is_found_wherever_it_lies() {
    let auto_map = br#"{"architectures":["MyForCausalLM"],"model_type":"my","auto_map":{"AutoModel":"modeling_my.MyForCausalLM"}}"#;
    let remote = br#"{"auto_map":{"AutoTokenizer":["someone/else--tok.Tok",null]}}"#;
    let template = br#"{"chat_template":"{{ ''.__class__ }}"}"#;
    let named = br#"{"chat_template":[{"name":"tool_use","template":"{{ x|attr('y') }}"}]}"#;
    let cases: [(&str, &[u8], Verdict, &str); 9] = [
        ("config.json", auto_map, Verdict::Review, "modeling_my.MyForCausalLM"),
        ("tokenizer_config.json", remote, Verdict::Review, "someone/else--tok.Tok"),
        ("0_Transformer/config.json", auto_map, Verdict::Review, "modeling_my.MyForCausalLM"),
        ("tokenizer_config.json", template, Verdict::Dangerous, "__class__"),
        ("tokenizer_config.json", named, Verdict::Review, "attr"),
        ("chat_template.jinja", b"{{ self.x }}", Verdict::Review, "self"),
        ("training_args.bin", b"cposix\nsystem\n(Vtrue\ntR.", Verdict::Dangerous, "posix.system"),
        ("optimizer.pt", b"\x80\x02cposix\nsystem\n", Verdict::Dangerous, "posix.system"),
        ("helper.py", b"print(1)", Verdict::Safe, "helper.py"),
    ];
    for (name, bytes, verdict, what) in cases {
        let inspection = model(&[(name, bytes)]);
        assert_eq!(inspection.safety.verdict(), verdict, "{name}");
        let found = inspection.safety.findings.iter().find(|finding| finding.what.contains(what));
        let finding = found.unwrap_or_else(|| panic!("{name}: {:?}", inspection.safety.findings));
        assert!(finding.place.starts_with(name), "{name}: {}", finding.place);
    }
    let inspection = model(&[("config.json", auto_map), ("modeling_my.py", b"x = 1")]);
    let file = inspection.safety.findings.iter().find(|finding| finding.what == "modeling_my.py").unwrap();
    assert_eq!(file.severity, Severity::Review);
}

#[test]
fn what_cannot_be_served_says_why() {
    let config = |text: &str| text.to_owned().into_bytes();
    let of = |class: &str, version: &str| {
        config(&format!(
            r#"{{"architectures":["{class}"],"model_type":"m","transformers_version":"{version}"}}"#
        ))
    };
    for (json, says) in [
        (of("BertForQuestionAnswering", "5.1.0"), "no pipeline for question-answering"),
        (of("BertForMultipleChoice", "4.0.0"), "for no task"),
        (of("ViTForImageClassification", "5.0.0"), "no preprocessor_config.json"),
        (config(r#"{"model_type":"m"}"#), "names no architecture"),
        (config(r#"{"model_type":"m","architectures":["a.b; import os"]}"#), "names no architecture"),
        (config(r#"{"architectures":["XForCausalLM"],"vision_config":{}}"#), "pictures and texts together"),
    ] {
        let inspection = model(&[("config.json", &json)]);
        assert_eq!(inspection.serving, Serving::No, "{says}");
        assert!(inspection.warnings[0].contains(says), "{says}: {:?}", inspection.warnings);
    }
    let served = model(&[("config.json", &of("BertForQuestionAnswering", "4.40.0"))]);
    assert!(matches!(served.serving, Serving::Transformers { .. }));
    let tokenizer = ("tokenizer.json", &b"{}"[..]);
    for (files, says) in [
        (vec![tokenizer], "no weights"),
        (vec![tokenizer, ("tf_model.h5", b"x")], "TensorFlow or Flax only"),
        (vec![("pytorch_model.bin", b"}q\x00.")], "no tokenizer"),
        (vec![tokenizer, ("model.safetensors", b"\xff\0\0\0\0\0\0\0{")], "is damaged"),
    ] {
        let files: Vec<_> = [("config.json", CONFIG.as_bytes())].into_iter().chain(files).collect();
        let inspection = read(&files).unwrap();
        assert_eq!(inspection.serving, Serving::No, "{says}");
        assert!(
            inspection.warnings.iter().any(|text| text.contains(says)),
            "{says}: {:?}",
            inspection.warnings
        );
    }
}

#[test]
fn weights_in_parts_are_counted_together_and_a_missing_part_is_named() {
    let index =
        br#"{"weight_map":{"w":"model-1.safetensors","v":"model-2.safetensors","u":"../x.safetensors"}}"#;
    let weights = weights();
    let mut files = vec![
        ("config.json", CONFIG.as_bytes()),
        TOKENIZER,
        ("model.safetensors.index.json", &index[..]),
        ("model-1.safetensors", &weights),
    ];
    let missing = read(&files).unwrap();
    assert!(missing.warnings[0].contains("2 files that are not in the folder"), "{:?}", missing.warnings);
    assert_eq!(missing.serving, Serving::No);
    let index = br#"{"weight_map":{"w":"model-1.safetensors","v":"model-2.safetensors"}}"#;
    files[2].1 = index;
    files.push(("model-2.safetensors", &weights));
    files.push(("pytorch_model.bin", b"}q\x00."));
    let whole = read(&files).unwrap();
    assert_eq!(whole.tensors.as_ref().unwrap().n_elements, 4);
    assert!(matches!(whole.serving, Serving::Transformers { .. }));
    assert!(
        whole.warnings[0].contains("model-1.safetensors loads, and pytorch_model.bin"),
        "{:?}",
        whole.warnings
    );
}

#[test]
fn adapters_pipelines_and_foreign_modules_are_named() {
    let weights = weights();
    let adapter =
        br#"{"peft_type":"LORA","auto_mapping":{"parent_library":"evil.module"},"base_model_name_or_path":"org/base","r":8,"peft_version":"0.15.0"}"#;
    let adapter = read(&[("adapter_config.json", adapter), ("adapter_model.safetensors", &weights)]).unwrap();
    assert_eq!((adapter.format, adapter.flavor()), ("peft-adapter-dir", None));
    assert!(adapter.warnings[0].contains("org/base"));
    assert_eq!(adapter.fact("rank").unwrap().value, 8);
    assert_eq!(adapter.safety.findings[0].what, "evil.module");
    let cut = model(&[("onnx/config.json", b"{\"a\":")]);
    assert_eq!(cut.safety.verdict(), Verdict::Unscanned);
    let index = br#"{"_class_name":"StableDiffusionPipeline","_diffusers_version":"0.30.0",
        "unet":["diffusers","UNet2DConditionModel"],"mine":["mine","Mine"],"off":[null,null]}"#;
    let diffusers = read(&[("model_index.json", index), ("mine.py", b"")]).unwrap();
    assert_eq!((diffusers.format, diffusers.flavor()), ("diffusers-dir", None));
    assert_eq!(diffusers.model_class.unwrap().value, "diffusers.StableDiffusionPipeline");
    assert_eq!(diffusers.safety.findings[0].what, "mine.Mine");
    let modules = br#"[{"idx":0,"name":"0","path":"","type":"evil.Module"}]"#;
    let foreign = model(&[("modules.json", modules)]);
    assert_eq!(foreign.format, "sentence-transformers-dir");
    assert_eq!(foreign.safety.verdict(), Verdict::Review);
}

#[test]
fn what_is_not_read_says_what_it_is() {
    let says = |files: &[(&str, &[u8])]| read(files).unwrap_err().to_string();
    assert!(says(&[("config.json", b"{\"a\":1}")]).contains("no model"));
    assert!(says(&[("config.json", b"{\"model_type\":"), TOKENIZER]).contains("config.json at byte"));
    assert!(says(&[("notes.txt", b"x")]).contains("no model"));
    assert!(says(&[("MLmodel", b"x"), ("config.json", CONFIG.as_bytes())]).contains("packed already"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let made = folder(&[("blob", CONFIG.as_bytes()), TOKENIZER]);
    std::os::unix::fs::symlink("blob", made.path().join("config.json")).unwrap();
    let error = inspect(made.path(), &Limits::default()).unwrap_err().to_string();
    assert!(error.contains("cp -rL"), "{error}");
}
