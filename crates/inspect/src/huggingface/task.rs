//! What a model of a known architecture is for, and what MLflow's pipeline of that task takes and gives.

use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, DataType, TensorSpec};

use crate::{Sourced, SourcedSchema, SourcedSignature};

/// A task of transformers' pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Task {
    /// The endings of the architectures that are for it.
    endings: &'static [&'static str],
    /// transformers' name of it.
    pub(super) name: &'static str,
    /// The class of its pipeline.
    pub(super) pipeline: &'static str,
    input: Input,
    output: Output,
    /// Whether transformers 5 still has the pipeline.
    is_in_5: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    Text,
    QuestionAndContext,
    /// A path, an address or Base64.
    Image,
    Audio,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Text,
    LabelAndScore,
    Vectors,
}

/// The first row with a fitting ending counts.
const TASKS: [Task; 10] = [
    Task {
        endings: &["ForSequenceClassification"],
        name: "text-classification",
        pipeline: "TextClassificationPipeline",
        input: Input::Text,
        output: Output::LabelAndScore,
        is_in_5: true,
    },
    Task {
        endings: &["ForTokenClassification"],
        name: "token-classification",
        pipeline: "TokenClassificationPipeline",
        input: Input::Text,
        output: Output::Text,
        is_in_5: true,
    },
    Task {
        endings: &["ForQuestionAnswering"],
        name: "question-answering",
        pipeline: "QuestionAnsweringPipeline",
        input: Input::QuestionAndContext,
        output: Output::Text,
        is_in_5: false,
    },
    Task {
        endings: &["ForMaskedLM"],
        name: "fill-mask",
        pipeline: "FillMaskPipeline",
        input: Input::Text,
        output: Output::Text,
        is_in_5: true,
    },
    Task {
        endings: &["ForCausalLM", "LMHeadModel"],
        name: "text-generation",
        pipeline: "TextGenerationPipeline",
        input: Input::Text,
        output: Output::Text,
        is_in_5: true,
    },
    Task {
        endings: &["ForImageClassification"],
        name: "image-classification",
        pipeline: "ImageClassificationPipeline",
        input: Input::Image,
        output: Output::LabelAndScore,
        is_in_5: true,
    },
    Task {
        endings: &["ForAudioClassification"],
        name: "audio-classification",
        pipeline: "AudioClassificationPipeline",
        input: Input::Audio,
        output: Output::LabelAndScore,
        is_in_5: true,
    },
    Task {
        endings: &["ForCTC", "ForSpeechSeq2Seq", "WhisperForConditionalGeneration"],
        name: "automatic-speech-recognition",
        pipeline: "AutomaticSpeechRecognitionPipeline",
        input: Input::Audio,
        output: Output::Text,
        is_in_5: true,
    },
    Task {
        endings: &[
            "T5ForConditionalGeneration",
            "BartForConditionalGeneration",
            "PegasusForConditionalGeneration",
            "MarianMTModel",
            "ForSeq2SeqLM",
        ],
        name: "text2text-generation",
        pipeline: "Text2TextGenerationPipeline",
        input: Input::Text,
        output: Output::Text,
        is_in_5: false,
    },
    Task {
        endings: &["Model"],
        name: "feature-extraction",
        pipeline: "FeatureExtractionPipeline",
        input: Input::Text,
        output: Output::Vectors,
        is_in_5: true,
    },
];

/// What the architectures begin with that take sounds.
const SOUNDS: [&str; 7] = ["Wav2Vec2", "Hubert", "WavLM", "UniSpeech", "SEW", "Data2VecAudio", "Whisper"];

impl Task {
    /// The task of an architecture; `None` when it is for none of these.
    pub(super) fn of(architecture: &str) -> Option<&'static Self> {
        // Models of sounds classify what they call a sequence.
        if architecture.ends_with("ForSequenceClassification")
            && SOUNDS.iter().any(|start| architecture.starts_with(start))
        {
            return TASKS
                .iter()
                .find(|task| task.input == Input::Audio && task.output == Output::LabelAndScore);
        }
        TASKS.iter().find(|task| task.endings.iter().any(|ending| architecture.ends_with(ending)))
    }

    /// Whether its inputs are texts, for which a tokenizer is needed.
    pub(super) fn takes_text(&self) -> bool {
        matches!(self.input, Input::Text | Input::QuestionAndContext)
    }

    /// Whether a major version of transformers has a pipeline for it.
    pub(super) fn is_served_by(&self, major: Option<u64>) -> bool {
        self.is_in_5 || major.is_some_and(|major| major < 5)
    }

    /// What MLflow's pipeline of this task takes and gives.
    pub(super) fn signature(&self) -> SourcedSignature {
        let why = format!("assumed: what MLflow takes and gives for {}", self.name);
        let column = |name: Option<&str>, ty| {
            let name = name.map(|name| ColumnName::Text(name.to_owned()));
            Sourced::new(ColSpec { name, ty: ColumnType::Scalar(ty), required: true }, why.clone())
        };
        let inputs = match self.input {
            Input::Text | Input::Image => vec![column(None, DataType::String)],
            Input::Audio => vec![column(None, DataType::Binary)],
            Input::QuestionAndContext => {
                vec![column(Some("question"), DataType::String), column(Some("context"), DataType::String)]
            }
        };
        let outputs = match self.output {
            Output::Text => SourcedSchema::Columns(vec![column(None, DataType::String)]),
            Output::LabelAndScore => SourcedSchema::Columns(vec![
                column(Some("label"), DataType::String),
                column(Some("score"), DataType::Double),
            ]),
            Output::Vectors => SourcedSchema::Tensors(vec![Sourced::new(
                TensorSpec::unnamed("float64", vec![-1]),
                why.clone(),
            )]),
        };
        SourcedSignature {
            inputs: Some(SourcedSchema::Columns(inputs)),
            outputs: Some(outputs),
            params: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_architecture_names_its_task() {
        for (architecture, task) in [
            ("BertForSequenceClassification", Some("text-classification")),
            ("GPT2LMHeadModel", Some("text-generation")),
            ("LlamaForCausalLM", Some("text-generation")),
            ("BertModel", Some("feature-extraction")),
            ("Wav2Vec2ForSequenceClassification", Some("audio-classification")),
            ("MarianMTModel", Some("text2text-generation")),
            ("WhisperForConditionalGeneration", Some("automatic-speech-recognition")),
            ("LlavaForConditionalGeneration", None),
            ("BertForMultipleChoice", None),
        ] {
            assert_eq!(Task::of(architecture).map(|task| task.name), task, "{architecture}");
        }
    }

    #[test]
    fn pipelines_that_transformers_5_took_away_are_served_by_4_alone() {
        let task = Task::of("BertForQuestionAnswering").unwrap();
        assert!(task.is_served_by(Some(4)) && !task.is_served_by(Some(5)) && !task.is_served_by(None));
        assert!(Task::of("BertModel").unwrap().is_served_by(None));
        let Some(SourcedSchema::Columns(columns)) = task.signature().inputs else { panic!("no columns") };
        assert_eq!(columns.len(), 2);
    }
}
