//! The arguments that programs share, to be flattened into their own.

use std::time::Duration;

use crate::{DEFAULT_URL, Error, Options, Token, terminal};

/// Which network, and as whom.
#[derive(Clone, Debug, clap::Args)]
pub struct Network {
    /// Where the network listens
    #[arg(long, default_value = DEFAULT_URL)]
    pub url: String,
    /// The credential.
    #[command(flatten)]
    pub access: Access,
}

impl Network {
    /// Options of a client for this network.
    pub fn options(&self) -> Options {
        self.access.options(&self.url)
    }
}

/// As whom a program speaks to the network.
#[derive(Clone, Debug, clap::Args)]
pub struct Access {
    /// Token that the network asks for; better set as a variable, where no list of processes shows it
    #[arg(long, env = "RAMANUJAN_TOKEN", hide_env_values = true)]
    pub token: Option<Token>,
}

impl Access {
    /// Options of a client for the network at `url`; what it repeats, it says on standard error.
    pub fn options(&self, url: &str) -> Options {
        Options::new(url).token(self.token.clone()).notice(|line| terminal::notice(line))
    }
}

/// How long a program waits for a network that fails.
#[derive(Clone, Debug, clap::Args)]
pub struct Patience {
    /// How long to keep trying when the network fails, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub retry_seconds: u64,
}

impl Patience {
    /// The same as a duration.
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.retry_seconds)
    }
}

impl Network {
    /// A client for this network that repeats failing requests as `patience` says.
    ///
    /// # Errors
    /// As [`Client::new`](crate::Client::new).
    pub fn client(&self, patience: &Patience) -> Result<crate::Client, Error> {
        crate::Client::new(self.options().retry_for(patience.duration()))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Cli {
        #[command(flatten)]
        network: Network,
        #[command(flatten)]
        patience: Patience,
    }

    #[test]
    fn defaults_and_flags() {
        let cli = Cli::parse_from(["test"]);
        assert_eq!((cli.network.url.as_str(), cli.patience.retry_seconds), (DEFAULT_URL, 30));
        let cli = Cli::parse_from(["test", "--url", "http://a", "--token", "s3cret", "--retry-seconds", "2"]);
        assert_eq!((cli.network.url.as_str(), cli.patience.duration()), ("http://a", Duration::from_secs(2)));
        assert_eq!(cli.network.access.token, Some(Token::new("s3cret")));
        assert!(!format!("{cli:?}").contains("s3cret"));
    }

    #[test]
    fn help_does_not_show_the_variable_s_value() {
        use clap::CommandFactory as _;
        let help = Cli::command().render_help().to_string();
        assert!(help.contains("[env: RAMANUJAN_TOKEN]"), "{help}");
    }
}
