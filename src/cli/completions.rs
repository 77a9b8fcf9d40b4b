//! `antiphon completions`: completion scripts, generated from the commands themselves.

use clap::{Args, CommandFactory as _, ValueEnum};
use clap_complete::Shell;

use super::{Cli, Outcome};

pub(super) const EXAMPLES: &str = "Examples:\n  \
    antiphon completions bash > /etc/bash_completion.d/antiphon\n  \
    antiphon completions zsh > ~/.zfunc/_antiphon\n  \
    antiphon completions fish > ~/.config/fish/completions/antiphon.fish";

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: CompletionShell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CompletionShell {
    Bash,
    Zsh,
    Fish,
}

/// Runs the command.
#[expect(clippy::unnecessary_wraps, reason = "commands have one shape")]
pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<Outcome> {
    let shell = match args.shell {
        CompletionShell::Bash => Shell::Bash,
        CompletionShell::Zsh => Shell::Zsh,
        CompletionShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "antiphon", &mut script);
    print!("{}", String::from_utf8_lossy(&script));
    Ok(Outcome::Done)
}
