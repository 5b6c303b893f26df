//! Loads programs, and moves those that the embedded engine cannot run to Node.js.

use std::sync::{Arc, atomic::Ordering};

use tokio::runtime::Handle;

use super::Engine;
use crate::engine::{
    EngineChoice, EngineError, Program,
    embedded::{Isolate, IsolateServices},
    log::Level,
    node::{Child, NodeInstall},
    slot::{Runner, Slot},
};

impl Engine {
    /// Loads a program: in the embedded engine, or in Node.js if the settings or the program need it.
    pub(super) async fn load(&self, program: &Program, slot: &Slot) -> Result<Runner, EngineError> {
        let choice = program.engine.unwrap_or(self.0.settings.engine);
        let code = program.code.read().map_err(|error| {
            tracing::error!(?error, program = program.id, "code cannot be read");
            EngineError::Stopped("this server could not read its code".to_owned())
        })?;
        if choice == EngineChoice::Node || slot.needs_node.load(Ordering::Relaxed) {
            return self.load_in_node(program, &code).await;
        }
        let services = IsolateServices {
            clock: self.0.clock.clone(),
            outbound: self.0.outbound.clone(),
            sink: self.0.sink.clone(),
            tokio: Handle::current(),
        };
        match Isolate::load((program, &code), services).await {
            Ok(isolate) => Ok(Runner::Embedded(isolate)),
            Err(EngineError::Missing(what)) if choice == EngineChoice::Auto => {
                if !self.can_fall_back(program) {
                    let why = "the setting runtime.node_fallback does not allow Node.js";
                    return Err(EngineError::Missing(format!("{what}, and {why}")));
                }
                let child = self.load_in_node(program, &code).await;
                let child = child.map_err(|failure| match failure {
                    EngineError::Missing(why) => EngineError::Missing(format!("{what}; {why}")),
                    other => other,
                })?;
                slot.needs_node.store(true, Ordering::Relaxed);
                Ok(child)
            }
            // The same code needs less memory in Node.js, whose limit comes on top of its own memory.
            Err(failure @ EngineError::Memory(_))
                if self.can_fall_back(program) && self.find_node().await.is_ok() =>
            {
                let child = self.load_in_node(program, &code).await?;
                slot.needs_node.store(true, Ordering::Relaxed);
                self.log_move(program, &failure.to_string());
                Ok(child)
            }
            Err(failure) => Err(failure),
        }
    }

    fn can_fall_back(&self, program: &Program) -> bool {
        let choice = program.engine.unwrap_or(self.0.settings.engine);
        let allowed = self.0.settings.node_fallback.unwrap_or(self.0.development);
        choice == EngineChoice::Auto && allowed
    }

    /// Moves a program that uses a missing feature to Node.js. Returns false if that is not allowed or there is no
    /// Node.js.
    pub(super) async fn move_to_node(&self, program: &Program, slot: &Slot, missing: &str) -> bool {
        if !self.can_fall_back(program) || self.find_node().await.is_err() {
            return false;
        }
        if !slot.needs_node.swap(true, Ordering::Relaxed) {
            let why = format!("the embedded engine does not have {missing}");
            self.log_move(program, &why);
        }
        drop(slot.take_isolate());
        true
    }

    fn log_move(&self, program: &Program, why: &str) {
        let id = Arc::from(program.id.as_str());
        let text = format!("{why}: from now on Node.js runs the code");
        self.0.sink.write(&id, None, Level::Warn, &text);
    }

    async fn find_node(&self) -> Result<&NodeInstall, EngineError> {
        let settings = &self.0.settings;
        let install = self
            .0
            .node_install
            .get_or_init(|| NodeInstall::find(settings))
            .await;
        install
            .as_ref()
            .map_err(|why| EngineError::Missing(format!("there is no Node.js: {why}")))
    }

    async fn load_in_node(&self, program: &Program, code: &str) -> Result<Runner, EngineError> {
        let install = self.find_node().await?;
        let child = Child::load((program, code), install, self.0.sink.clone()).await?;
        Ok(Runner::Node(child))
    }
}
