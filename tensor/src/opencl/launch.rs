//! Kernel launches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::driver::{Block, Built, Driver, Entry, Ids, OpenCl, Program, Value, lock};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// After this number of launches the queue is flushed to the device even without a read.
const FLUSH: u64 = 32;

impl OpenCl {
    /// Begins the launch of a kernel of a program; the program is compiled at its first use.
    pub fn kernel<'a>(&self, program: &'static Program, name: &'static str) -> Launch<'a> {
        let entry = self.check().and_then(|()| self.entry(program, name));
        let device = self.clone();
        Launch {
            device,
            entry,
            arguments: Vec::with_capacity(16),
            elements: 0,
            held: Lifetime::default(),
        }
    }

    fn entry(&self, program: &'static Program, name: &'static str) -> Result<Arc<Entry>> {
        let key = (std::ptr::from_ref(program).addr(), name.as_ptr().addr(), name.len());
        if let Some(entry) = lock(&self.shared.cache.kernels).get(&key) {
            return Ok(Arc::clone(entry));
        }
        let built = self.keep(self.built(program, name))?;
        let kernel = self.command(0, |driver| driver.kernel(&built, name))?;
        let entry = Arc::new(Entry {
            name,
            kernel,
            launches: AtomicU64::new(0),
            elements: AtomicU64::new(0),
        });
        lock(&self.shared.cache.kernels).insert(key, Arc::clone(&entry));
        Ok(entry)
    }

    fn built(&self, program: &Program, name: &'static str) -> Result<Arc<Built>> {
        let key = (program.text(), program.options);
        let mut programs = lock(&self.shared.cache.programs);
        if let Some(built) = programs.get(&key) {
            return Ok(Arc::clone(built));
        }
        let options = format!("-cl-mad-enable {}", program.options);
        let built =
            self.shared.driver.build(&self.shared.faults.source(name, &key.0), &options).map_err(
                |e| match e {
                    Error::OpenClBuild { log } => {
                        let device = self.shared.description.name.clone();
                        Error::OpenClBuild { log: format!("program of {name} on {device}:\n{log}") }
                    }
                    other => other,
                },
            )?;
        let built = Arc::new(built);
        programs.insert(key, Arc::clone(&built));
        Ok(built)
    }
}

enum Argument {
    Floats(Arc<Block>, usize),
    Words(Arc<Block>),
    Uint(u32),
    Long(u64),
    Float(f32),
}

type Lifetime<'a> = std::marker::PhantomData<&'a mut ()>;

/// A kernel to be started, with its arguments in the order of its declaration.
///
/// A launch checks the number and the kinds of the arguments and that every tensor is on this
/// device. A tensor that is written and shares its memory gets a copy of its own first, as with
/// [`Tensor::data_mut`].
#[must_use = "a launch does nothing before `over` or `groups`"]
pub struct Launch<'a> {
    device: OpenCl,
    entry: Result<Arc<Entry>>,
    arguments: Vec<Argument>,
    elements: usize,
    held: Lifetime<'a>,
}

impl<'a> Launch<'a> {
    fn refuse(&mut self, error: Error) {
        if self.entry.is_ok() {
            self.entry = Err(error);
        }
    }

    fn name(&self) -> &'static str {
        self.entry.as_ref().map_or("kernel", |entry| entry.name)
    }

    /// Passes a tensor that is read.
    pub fn reads(mut self, tensor: &'a Tensor) -> Self {
        match tensor.place() {
            Some((remote, at)) if remote.block.device().is(&self.device) => {
                self.arguments.push(Argument::Floats(Arc::clone(&remote.block), at));
                self.elements += tensor.len();
            }
            _ => {
                let what =
                    format!("{}: a tensor {} is not on the device", self.name(), tensor.shape());
                self.refuse(Error::argument("OpenCL kernel", what));
            }
        }
        self
    }

    /// Passes a tensor that is written, or read and written.
    pub fn writes(mut self, tensor: &'a mut Tensor) -> Self {
        if let Err(e) = tensor.make_unique(&self.device) {
            self.refuse(e);
            return self;
        }
        self.elements += tensor.len();
        if let Some((remote, at)) = tensor.place_mut() {
            self.arguments.push(Argument::Floats(Arc::clone(&remote.block), at));
        }
        self
    }

    /// Passes a tensor that is written, in memory that the caller guarantees nothing else reads.
    pub(crate) fn writes_shared(mut self, tensor: &'a mut Tensor) -> Self {
        self.elements += tensor.len();
        if let Some((remote, at)) = tensor.place_mut() {
            self.arguments.push(Argument::Floats(Arc::clone(&remote.block), at));
        }
        self
    }

    /// Passes ids, which are read.
    pub fn ids(mut self, ids: &'a Ids) -> Self {
        self.arguments.push(Argument::Words(Arc::clone(&ids.block)));
        self.elements += ids.len;
        self
    }

    /// Passes a `uint`.
    pub fn uint(mut self, value: usize) -> Self {
        match u32::try_from(value) {
            Ok(value) => self.arguments.push(Argument::Uint(value)),
            Err(_) => {
                let what = format!("{}: {value} is more than a kernel's uint holds", self.name());
                self.refuse(Error::argument("OpenCL kernel", what));
            }
        }
        self
    }

    /// Passes a `ulong`.
    pub fn long(mut self, value: usize) -> Self {
        self.arguments.push(Argument::Long(value as u64));
        self
    }

    /// Passes a `float`.
    pub fn float(mut self, value: f32) -> Self {
        self.arguments.push(Argument::Float(value));
        self
    }

    /// Sets the number of elements that the kernel reads and writes, if it does not touch all
    /// elements of its tensors; this number is counted instead.
    pub fn touches(mut self, elements: usize) -> Self {
        self.elements = elements;
        self
    }

    /// Starts at least `n` work-items in one dimension; those past `n` must do nothing.
    ///
    /// # Errors
    /// The arguments do not match the kernel's; a tensor is on another device; the device failed.
    pub fn over(self, n: usize) -> Result<()> {
        let local = 256.min(self.device.shared.description.work_group.max(1));
        self.groups([n.div_ceil(local), 1, 1], [local, 1, 1])
    }

    /// Starts work-groups of `local` work-items. Without any work-groups it does nothing.
    ///
    /// # Errors
    /// As [`Launch::over`]; a work-group exceeds the device's largest.
    pub fn groups(self, groups: [usize; 3], local: [usize; 3]) -> Result<()> {
        let entry = self.entry?;
        if groups.contains(&0) || local.contains(&0) {
            return Ok(());
        }
        let (items, most) =
            (local.iter().product::<usize>(), self.device.shared.description.work_group);
        if items > most {
            let what = format!("{}: {items} work-items in a group, at most {most}", entry.name);
            return Err(Error::argument("OpenCL kernel", what));
        }
        let mut values = Vec::with_capacity(2 * self.arguments.len());
        for argument in &self.arguments {
            match argument {
                Argument::Floats(block, at) => {
                    values.extend([Value::Floats(block.memory()), Value::Long(*at as u64)]);
                }
                Argument::Words(block) => values.push(Value::Words(block.memory())),
                Argument::Long(v) => values.push(Value::Long(*v)),
                Argument::Uint(v) => values.push(Value::Uint(*v)),
                Argument::Float(v) => values.push(Value::Float(*v)),
            }
        }
        let device = &self.device;
        device.command(self.elements, |driver| match device.is_counted() {
            true => Ok(()),
            false => driver.launch(&entry.kernel, &values, groups, local),
        })?;
        entry.launches.fetch_add(1, Ordering::Relaxed);
        entry.elements.fetch_add(self.elements as u64, Ordering::Relaxed);
        if device.shared.counted.launch(self.elements) % FLUSH == FLUSH - 1 {
            device.command(0, Driver::flush)?;
        }
        Ok(())
    }
}
