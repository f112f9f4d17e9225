//! `script.toml`: what the prompts say, and the digests of their files.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// One file to be spoken: a prompt's text, or one of the parts around its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// The prompt's id: `P04`.
    pub prompt: String,
    /// The file's stem: `P04.1`.
    pub stem: String,
    /// What a caller hears.
    pub text: String,
    /// What the synthesiser is given: the text, or the same with pinyin in it.
    pub reading: String,
    /// The SHA-256 the script states for the file, in hexadecimal.
    pub digest: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prompt {
    text: String,
    #[serde(rename = "used")]
    _used: String,
    pinyin: Option<String>,
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

/// The clips of a script in the order of the file.
pub fn clips(script: &str) -> Result<Vec<Clip>> {
    let prompts: HashMap<String, Prompt> = toml::from_str(script)?;
    let mut clips = Vec::new();
    for id in script.lines().filter_map(header) {
        let prompt = prompts
            .get(id)
            .with_context(|| format!("[{id}]: write the header without quotes or spaces"))?;
        clips.extend(clips_of(id, prompt).with_context(|| format!("[{id}]"))?);
    }
    for id in prompts.keys() {
        ensure!(
            clips.iter().any(|clip| clip.prompt == *id),
            "[{id}] has no text to speak, or its header is not alone on its line"
        );
    }
    Ok(clips)
}

fn clips_of(id: &str, prompt: &Prompt) -> Result<Vec<Clip>> {
    let texts = parts(&prompt.text)?;
    let readings = match &prompt.pinyin {
        Some(pinyin) => parts(pinyin).context("pinyin")?,
        None => texts.clone(),
    };
    if readings.len() != texts.len() {
        bail!(
            "pinyin has {} spoken part(s), text has {}; keep the placeholders",
            readings.len(),
            texts.len()
        );
    }
    let whole = !prompt.text.contains('{');
    let clips = texts.into_iter().zip(readings).enumerate();
    Ok(clips
        .map(|(index, (text, reading))| {
            let stem = if whole {
                id.to_owned()
            } else {
                format!("{id}.{}", index + 1)
            };
            Clip {
                prompt: id.to_owned(),
                digest: prompt.digest.get(&stem).cloned(),
                stem,
                text,
                reading,
            }
        })
        .collect())
}

/// The spoken parts around the placeholders `{…}`; parts without a letter or digit are silent
/// and left out.
pub fn parts(text: &str) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('{').unwrap_or((rest, ""));
        ensure!(!part.contains('}'), "a `}}` without its `{{`");
        if part.contains(char::is_alphanumeric) {
            parts.push(part.to_owned());
        }
        if part.len() == rest.len() {
            return Ok(parts);
        }
        let (name, after) = after.split_once('}').context("a `{` without its `}`")?;
        ensure!(
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "`{{{name}}}` is no placeholder"
        );
        rest = after;
    }
}

/// The script with the digests of these clips; everything else stays as its author wrote it.
pub fn with_digests(script: &str, clips: &[Clip]) -> String {
    let mut lines: Vec<String> = Vec::new();
    // The line after which the open table's digests belong.
    let mut pending: Option<(String, usize)> = None;
    for line in script.lines().filter(|line| !is_digest(line)) {
        if let Some(id) = header(line) {
            insert_digests(&mut lines, pending.take(), clips);
            pending = Some((id.to_owned(), lines.len() + 1));
        }
        lines.push(line.to_owned());
        let is_entry = !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if let Some((_, end)) = pending.as_mut().filter(|_| is_entry) {
            *end = lines.len();
        }
    }
    insert_digests(&mut lines, pending, clips);
    lines.join("\n") + "\n"
}

fn insert_digests(lines: &mut Vec<String>, table: Option<(String, usize)>, clips: &[Clip]) {
    let Some((id, end)) = table else { return };
    let entries: Vec<String> = clips
        .iter()
        .filter(|clip| clip.prompt == id)
        .filter_map(|clip| Some(format!("\"{}\" = \"{}\"", clip.stem, clip.digest.as_ref()?)))
        .collect();
    if !entries.is_empty() {
        lines.insert(end, format!("digest = {{ {} }}", entries.join(", ")));
    }
}

fn header(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.strip_suffix(']')
}

fn is_digest(line: &str) -> bool {
    line.strip_prefix("digest")
        .is_some_and(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = r#"# head

[P04]
text = "{staff}号咨询员。"
used = "a desk answers"
# a remark

[P10]
text = "重听请按0。"
pinyin = "chong2听请按0。"
used = "offer"
digest = { "P10" = "old" }
"#;

    #[test]
    fn a_text_is_split_at_its_placeholders() {
        let split = |text| parts(text).unwrap();
        assert_eq!(split("七"), ["七"]);
        assert_eq!(split("{staff}号为您服务。"), ["号为您服务。"]);
        assert_eq!(split("有{n}位，等{m}分钟。"), ["有", "位，等", "分钟。"]);
        assert_eq!(split("是，{grade}。"), ["是，"]);
        assert_eq!(split("{month}{day}"), [""; 0]);
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn a_broken_placeholder_is_refused() {
        for text in ["有{n位", "有n}位", "有{}位", "有{N}位", "有{n{m}}位"] {
            assert!(parts(text).is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_numbered_only_where_there_is_a_placeholder() {
        let clips = clips(SCRIPT).unwrap();
        let stems: Vec<&str> = clips.iter().map(|clip| clip.stem.as_str()).collect();
        assert_eq!(stems, ["P04.1", "P10"]);
        assert_eq!(clips[0].reading, clips[0].text);
        assert_eq!(clips[1].reading, "chong2听请按0。");
        assert_eq!(clips[1].digest.as_deref(), Some("old"));
    }

    #[test]
    fn digests_are_written_and_nothing_else_changes() {
        let mut made = clips(SCRIPT).unwrap();
        for clip in &mut made {
            clip.digest = Some(format!("new {}", clip.stem));
        }
        let written = with_digests(SCRIPT, &made);
        assert_eq!(clips(&written).unwrap(), made);
        assert_eq!(with_digests(&written, &made), written);
        let others = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !is_digest(line));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(others(&written), others(SCRIPT));
        let remark = written.find("# a remark").unwrap();
        assert!(written.find("P04.1").unwrap() < remark);
    }

    #[test]
    fn a_pinyin_that_lost_a_placeholder_is_refused() {
        let script = "[P]\ntext = \"有{n}位\"\npinyin = \"you3wei4\"\nused = \"\"\n";
        let error = format!("{:#}", clips(script).unwrap_err());
        assert!(
            error.contains("[P]") && error.contains("keep the placeholders"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(clips("[P]\ntext = \"一\"\nused = \"\"\nvolume = 3\n").is_err());
    }
}
