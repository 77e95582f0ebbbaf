//! The log of the run that is shown.

use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::{Command, EventReader, RunDir};

use crate::answerer::Answerer;
use crate::dashboard::SourceUpdate;
use crate::output;

/// Time between two polls of the log.
pub(super) const LOOK: Duration = Duration::from_millis(250);

/// Opens the log of a run. A folder may contain the config.json of another program.
pub(super) fn open(run: &Path) -> Result<EventReader> {
    let opened = RunDir::open(run).and_then(|dir| dir.stored());
    opened.and_then(|_| EventReader::open(run)).wrap_err_with(|| run.display().to_string())
}

/// The log of a run, read on its own thread, so that a long log does not block the keys.
pub(super) struct Log {
    news: Receiver<Result<SourceUpdate>>,
    live: bool,
    pub(super) trouble: Option<String>,
    answerer: Answerer,
}

impl Log {
    pub(super) fn follow(mut reader: EventReader, answerer: Answerer) -> Result<Self> {
        let (sender, news) = sync_channel(4);
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            loop {
                let alive = reader.is_live();
                let look = reader.poll();
                let restarted = reader.restarted();
                let look = look.map(|events| SourceUpdate {
                    events,
                    alive,
                    restarted,
                    ..SourceUpdate::default()
                });
                let broken = look.is_err();
                if sender.send(look.wrap_err("reading the log")).is_err() || broken {
                    break;
                }
                thread::sleep(LOOK);
            }
        })?;
        Ok(Self { news, live: true, trouble: None, answerer })
    }

    pub(super) fn news(&mut self) -> SourceUpdate {
        match self.news.try_recv() {
            Ok(Ok(mut news)) => {
                self.live = news.alive;
                news.events.extend(self.answerer.answers());
                return news;
            }
            Ok(Err(error)) => {
                self.trouble = Some(output::one_line(&error));
                self.live = false;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => self.live = false,
        }
        SourceUpdate {
            events: self.answerer.answers(),
            alive: self.live,
            ..SourceUpdate::default()
        }
    }

    /// Answers a command about the run's checkpoint. The process that trains takes no commands from
    /// here.
    pub(super) fn send(&mut self, command: Command) {
        if Answerer::takes(&command) {
            self.answerer.send(command);
        }
    }
}
