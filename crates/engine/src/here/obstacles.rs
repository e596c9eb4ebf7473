//! What no environment mends: the system, the graphics card, memory, room on the disk.

use packwright_mlflow::requirement::Requirement as Line;

use super::asked::Asked;
use super::fit::applies;
use super::machine::{Machine, Os};
use crate::environment;

const GIB: u64 = 1 << 30;

/// Something that stands in the way on this computer, whatever is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Whether it is sure to; otherwise it may.
    pub is_certain: bool,
    /// A sentence.
    pub text: String,
}

/// Projects that are released for some systems only: their wheels on PyPI are for no others, and there is no source to
/// build there.
const ELSEWHERE: [(&str, &[Os]); 10] = [
    ("appscript", &[Os::Mac]),
    ("bitsandbytes", &[Os::Linux, Os::Windows]),
    ("mlx", &[Os::Mac, Os::Linux]),
    ("pyobjc-core", &[Os::Mac]),
    ("pywin32", &[Os::Windows]),
    ("tensorflow-intel", &[Os::Windows]),
    ("tensorflow-macos", &[Os::Mac]),
    ("tensorflow-metal", &[Os::Mac]),
    ("triton", &[Os::Linux]),
    ("uvloop", &[Os::Linux, Os::Mac]),
];

/// Projects that need a GPU of NVIDIA for what they are for.
const FOR_NVIDIA: [&str; 6] =
    ["onnxruntime-gpu", "tensorflow-gpu", "cuml-cu12", "cudf-cu12", "vllm", "flash-attn"];

/// What an environment takes on the disk, in MiB, by what it must hold: measured with `du` on Linux with CPU builds.
const ROOM_MIB: [(&str, u64); 4] =
    [("tensorflow", 2600), ("torch", 2000), ("transformers", 2000), ("mlflow", 700)];

/// Everything that stands in the way, what is certain first.
pub(super) fn obstacles(asked: &Asked, machine: &Machine) -> Vec<Obstacle> {
    let mut found = Vec::new();
    if asked.is_coreml && machine.os != Os::Mac {
        let text = format!(
            "Core ML predicts on macOS only, and this is {}: it loads and cannot predict.",
            machine.os.name()
        );
        found.push(Obstacle { is_certain: true, text });
    }
    let python = asked.python.as_deref().unwrap_or("3.12");
    let markers = machine.markers(python);
    let lines: Vec<Line> = asked.lines.iter().filter_map(|line| Line::parse(&line.requirement)).collect();
    for line in &lines {
        let is_here = applies(line, markers.as_ref()) != Some(false);
        if is_here {
            found.extend(other_system(line, machine));
            found.extend(graphics(line, machine));
        } else if is_about_a_system(line) && !lines.iter().any(|other| is_twin(line, other, machine, python))
        {
            let text =
                format!("{} is asked for on other systems only; the model may need it here too.", line.text);
            found.push(Obstacle { is_certain: false, text });
        }
    }
    found.extend(memory(asked, machine));
    found.extend(room(asked, machine, &lines));
    found.sort_by_key(|obstacle| !obstacle.is_certain);
    found.dedup();
    found
}

/// Whether another line asks for the same project here.
fn is_twin(line: &Line, other: &Line, machine: &Machine, python: &str) -> bool {
    other.normalized_name() == line.normalized_name()
        && applies(other, machine.markers(python).as_ref()) != Some(false)
}

fn is_about_a_system(line: &Line) -> bool {
    let words = ["sys_platform", "platform_system", "os_name", "platform_machine"];
    line.marker.as_ref().is_some_and(|marker| words.iter().any(|word| marker.contains(word)))
}

fn other_system(line: &Line, machine: &Machine) -> Option<Obstacle> {
    let name = line.normalized_name();
    let (_, systems) = ELSEWHERE.iter().find(|(known, _)| *known == name)?;
    if systems.contains(&machine.os) {
        return None;
    }
    let names: Vec<&str> = systems.iter().map(|os| os.name()).collect();
    let text = format!(
        "{} is released for {} only, and this is {}: it cannot be installed here.",
        line.name,
        names.join(" and "),
        machine.os.name()
    );
    Some(Obstacle { is_certain: true, text })
}

fn graphics(line: &Line, machine: &Machine) -> Option<Obstacle> {
    let name = line.normalized_name();
    let local = line.pin().and_then(|pin| pin.split_once('+')).map(|(_, local)| local.to_owned());
    let is_cuda = local.as_ref().is_some_and(|local| local.starts_with("cu"))
        || FOR_NVIDIA.contains(&name.as_str())
        || name.starts_with("cupy-cuda")
        || line.extras.iter().any(|extra| extra.contains("cuda"));
    if is_cuda && machine.os == Os::Mac {
        let text = format!("{} is a build for CUDA, which macOS does not have.", line.text);
        return Some(Obstacle { is_certain: true, text });
    }
    (is_cuda && !machine.has_nvidia).then(|| Obstacle {
        is_certain: false,
        text: format!(
            "{} is a build for GPUs of NVIDIA, and no driver for one was seen: it may run on the processor, or not at all.",
            line.text
        ),
    })
}

/// The weights have to fit, at least once.
fn memory(asked: &Asked, machine: &Machine) -> Option<Obstacle> {
    let memory = machine.memory?;
    let need = asked.size_bytes;
    let text = if memory.total < need {
        format!(
            "Its files are {} and this computer has {} of memory: it will not load unless it reads its weights piece by piece.",
            gib(need),
            gib(memory.total)
        )
    } else if memory.available < need.saturating_add(need / 4) && GIB / 4 < need {
        format!(
            "Its files are {} and {} of memory are free now: close other programs before you load it.",
            gib(need),
            gib(memory.available)
        )
    } else {
        return None;
    };
    Some(Obstacle { is_certain: false, text })
}

/// Room for unpacking, and for a new environment.
fn room(asked: &Asked, machine: &Machine, lines: &[Line]) -> Option<Obstacle> {
    let free = machine.free_bytes?;
    if asked.is_zip && free < asked.size_bytes {
        let text =
            format!("Unpacked it takes {}, and {} are free on its disk.", gib(asked.size_bytes), gib(free));
        return Some(Obstacle { is_certain: true, text });
    }
    let has = |name: &str| lines.iter().any(|line| environment::distribution(&line.text) == name);
    let mib = ROOM_MIB.iter().filter(|(name, _)| has(name)).map(|(_, mib)| *mib).max()?;
    let need = mib << 20;
    (free < need.saturating_add(if asked.is_zip { asked.size_bytes } else { 0 })).then(|| Obstacle {
        is_certain: false,
        text: format!(
            "A new environment takes about {} (assumed from its libraries), and {} are free on this disk.",
            gib(need),
            gib(free)
        ),
    })
}

/// `1.5 GB`, as people count memory and disks.
fn gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / GIB;
    if tenths == 0 { format!("{} MB", bytes >> 20) } else { format!("{}.{} GB", tenths / 10, tenths % 10) }
}
