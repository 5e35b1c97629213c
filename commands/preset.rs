//! `/preset`: which model answers and how: model, sampling, and what a prompt may hold.

use crate::args::{ModelName, Percent, PersonalityName, PresetName, Temperature, TokenCount};
use crate::said::Said;

/// What to do with presets.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Preset {
    /// Make a preset
    Create {
        /// What it is called
        name: PresetName,
        #[command(flatten)]
        values: PresetValues,
    },
    /// Change a preset of yours
    Edit {
        /// Which preset
        name: PresetName,
        #[command(flatten)]
        values: PresetValues,
    },
    /// List the presets you can use, and which ones answer you
    List,
    /// Use a preset with one character; off: the house's own; inherit: no choice of your own
    Use {
        /// Which preset, or off, or inherit
        name: PresetName,
        /// With which character; the one you talk to when left empty
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Use a preset with every character; off: the house's own; inherit: no choice of your own
    Default {
        /// Which preset, or off, or inherit
        name: PresetName,
    },
    /// Get a preset as a file
    Export {
        /// Which preset
        name: PresetName,
    },
    /// Make a preset from a file; you are asked for it
    Import,
    /// Delete a preset of yours
    Delete {
        /// Which preset
        name: PresetName,
    },
}

/// What a preset says. What it leaves out is the house's.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct PresetValues {
    /// The model, as the provider names it
    #[arg(long)]
    pub model: Option<ModelName>,
    /// How freely it chooses words, 0 to 2
    #[arg(long)]
    pub temperature: Option<Temperature>,
    /// Share of likely words it chooses from, 0 to 100
    #[arg(long)]
    pub top_p: Option<Percent>,
    /// Longest answer, in tokens
    #[arg(long)]
    pub max_tokens: Option<TokenCount>,
    /// Longest prompt, in tokens
    #[arg(long)]
    pub context: Option<TokenCount>,
    /// Share of the prompt for memories, 0 to 100
    #[arg(long)]
    pub memory: Option<Percent>,
}

impl PresetValues {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn said(&self, said: Said) -> Said {
        said.option("model", self.model.as_ref())
            .option("temperature", self.temperature.as_ref())
            .option("top-p", self.top_p.as_ref())
            .option("max-tokens", self.max_tokens.as_ref())
            .option("context", self.context.as_ref())
            .option("memory", self.memory.as_ref())
    }
}

impl Preset {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::Create { name, values } => values.said(Said::new("create")).rest([name]),
            Self::Edit { name, values } => values.said(Said::new("edit")).rest([name]),
            Self::List => Said::new("list").done(),
            Self::Use { name, with } => Said::new("use").option("with", with.as_ref()).rest([name]),
            Self::Default { name } => Said::new("default").rest([name]),
            Self::Export { name } => Said::new("export").rest([name]),
            Self::Import => Said::new("import").done(),
            Self::Delete { name } => Said::new("delete").rest([name]),
        }
    }
}
