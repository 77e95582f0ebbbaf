//! An open OpenCL device: its queue, its pool of memory, its first failure.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::calls::{self, Driver, Memory, Proof, Transfer};
use super::counters::{Counted, Counters, KernelWork};
use super::description::{DeviceDescription, PlatformDescription};
use super::fault::Faults;
use super::lock::lock;
use super::program::Cache;
use crate::error::{Error, Result};

/// The precision of a device's matrix products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// In f32.
    #[default]
    F32,
    /// Factors rounded to TF32's 10 bits of fraction, products added up in f32: on tensor cores if
    /// the device has them.
    Tf32,
}

/// Returns the available platforms and devices, in the order of their numbers.
///
/// # Errors
/// [`Error::NotBuiltWith`] without the feature `opencl`, [`Error::NoPlatform`] if no implementation
/// is installed.
pub fn platforms() -> Result<Vec<PlatformDescription>> {
    calls::platforms(calls::proof()?)
}

/// An open device, with its queue, its compiled programs and its memory. A clone is the same
/// device.
///
/// Commands run in the order in which they are given; only reads wait for them. The first failure
/// is stored: [`OpenCl::check`] returns it, and nothing is started after it.
#[derive(Clone)]
pub struct OpenCl {
    pub(crate) shared: Arc<Shared>,
    /// Without the feature this type has no value, so no device can exist.
    proof: Proof,
}

pub(crate) struct Shared {
    pub(crate) driver: Driver,
    pub(crate) description: DeviceDescription,
    pub(crate) cache: Cache,
    pub(crate) counted: Counted,
    name: String,
    /// Unused memory, by its number of elements.
    pool: Mutex<HashMap<usize, Vec<Memory>>>,
    /// Bytes allocated on the device, including those of the pool.
    taken: AtomicU64,
    limit: AtomicU64,
    pub(crate) faults: Faults,
    ways: Ways,
    uploads: Mutex<VecDeque<Transfer>>,
    error: Mutex<Option<Error>>,
}

/// The properties that select a device's kernels.
#[derive(Debug, Clone, Copy)]
struct Ways {
    bands: bool,
    units: usize,
    precision: Precision,
    /// False if launches are counted but not started.
    runs: bool,
}

/// The environment variable that forces the kernels of GPUs. With the value `tiles`, any device
/// uses them, so that they can be tested without a GPU. With `counted`, none of them runs: the work
/// of a step on a GPU can be counted where running it would take minutes, but results are
/// meaningless.
const PATH: &str = "TENSOR_OPENCL_PATH";
/// The number of compute units of the GPU that such a device stands for.
const UNITS: usize = 132;

impl Ways {
    fn new(description: &DeviceDescription, precision: Precision) -> Result<Self> {
        let units = description.compute_units;
        let gpu = Self { bands: false, units: UNITS.max(units), precision, runs: true };
        match std::env::var(PATH).as_deref() {
            Ok("tiles") => Ok(gpu),
            Ok("counted") => Ok(Self { runs: false, ..gpu }),
            Ok(other) if !other.is_empty() => {
                Err(Error::argument(PATH, format!("{other:?}: expected tiles or counted")))
            }
            _ => Ok(Self { bands: description.is_processor(), units, ..gpu }),
        }
    }
}

/// Returns the number of elements to allocate for `len` elements: memory kept for reuse has few
/// sizes, none of them larger than the device's largest piece, in which `len` elements fit.
fn class(len: usize, largest: u64) -> usize {
    crate::cpu::buffer::class(len).min((largest / 4) as usize)
}

/// The largest number of uploads whose memory on the host is kept.
const UPLOADS: usize = 256;

impl OpenCl {
    /// Opens `opencl`, the first available device (GPUs first), or `opencl:PLATFORM.DEVICE`; with
    /// the suffix `:tf32`, products are [`Precision::Tf32`].
    ///
    /// # Errors
    /// The name has another form; the device does not exist; [`Error::NoPlatform`],
    /// [`Error::NotBuiltWith`].
    pub fn open(name: &str) -> Result<Self> {
        let unknown = || Error::Device(name.to_string());
        let (place, precision) = match name.strip_suffix(":tf32") {
            Some(place) => (place, Precision::Tf32),
            None => (name, Precision::F32),
        };
        let place = match place.split_once(':') {
            None if place == "opencl" => None,
            Some(("opencl", place)) => {
                let (platform, device) = place.split_once('.').ok_or_else(unknown)?;
                let number = |text: &str| text.parse::<usize>().map_err(|_| unknown());
                Some((number(platform)?, number(device)?))
            }
            _ => return Err(unknown()),
        };
        let proof = calls::proof()?;
        let platforms = calls::platforms(proof)?;
        let (platform, device) = match place {
            Some(place) => place,
            None => first(&platforms).ok_or(Error::NoDevice)?,
        };
        if platforms.get(platform).and_then(|p| p.devices.get(device)).is_none() {
            let found = found(&platforms);
            return Err(Error::NotThere { name: name.to_string(), found });
        }
        let driver = Driver::open(proof, platform, device)?;
        let mut description = driver.describe();
        let faults = Faults::from_environment()?;
        let limit = AtomicU64::new(faults.memory.unwrap_or(description.memory));
        let suffix = if precision == Precision::Tf32 { ":tf32" } else { "" };
        let ways = Ways::new(&description, precision)?;
        if !ways.runs {
            description.name += " (counted, not run)";
        }
        let shared = Shared {
            faults,
            ways,
            driver,
            description,
            cache: Cache::default(),
            counted: Counted::default(),
            name: format!("opencl:{platform}.{device}{suffix}"),
            pool: Mutex::default(),
            taken: AtomicU64::new(0),
            limit,
            uploads: Mutex::default(),
            error: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), proof })
    }

    pub(crate) fn proof(&self) -> Proof {
        self.proof
    }

    /// Returns its name, `opencl:PLATFORM.DEVICE`, with `:tf32` if that is its precision.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Returns the description of the device.
    pub fn describe(&self) -> &DeviceDescription {
        &self.shared.description
    }

    /// Returns the precision of its matrix products.
    pub fn precision(&self) -> Precision {
        self.shared.ways.precision
    }

    /// Returns a lower bound on the number of work-groups that run at the same time.
    pub fn units(&self) -> usize {
        self.shared.ways.units
    }

    /// Returns true if products are computed in bands of vectors, as suits processors.
    pub(crate) fn prefers_bands(&self) -> bool {
        self.shared.ways.bands
    }

    /// Returns true if kernels are only counted, as with `TENSOR_OPENCL_PATH=counted`: data read
    /// from such a device are meaningless.
    pub fn is_counted(&self) -> bool {
        !self.shared.ways.runs
    }

    /// Returns true if both are the same open device.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Returns the work done so far; the difference between two times is the work between them.
    pub fn counters(&self) -> Counters {
        self.shared.counted.get()
    }

    /// Counts the operations of a product that the caller's own kernel computes.
    pub fn count_product(&self, operations: u64) {
        self.shared.counted.product(operations, false);
    }

    /// Returns the work of each kernel so far, the most frequent first.
    pub fn kernels(&self) -> Vec<KernelWork> {
        self.shared.cache.work()
    }

    /// Returns the bytes allocated on the device, including those kept for reuse.
    pub fn memory_taken(&self) -> u64 {
        self.shared.taken.load(Ordering::Relaxed)
    }

    /// Limits the bytes allocated on the device from now on.
    pub fn limit_memory(&self, bytes: u64) {
        self.shared.limit.store(bytes, Ordering::Relaxed);
    }

    /// Returns the first failure since the device was opened, if any.
    ///
    /// # Errors
    /// That failure.
    pub fn check(&self) -> Result<()> {
        lock(&self.shared.error).clone().map_or(Ok(()), Err)
    }

    /// Stores a failure if it is the first, and returns it.
    pub fn fail(&self, error: Error) -> Error {
        lock(&self.shared.error).get_or_insert_with(|| error.clone());
        error
    }

    /// Stores a result's failure if it is the device's and not the caller's, and returns the
    /// result. A device whose memory is exhausted still works.
    pub(crate) fn keep<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|e| match e {
            Error::Argument { .. } | Error::OutOfMemory { .. } | Error::TooLarge { .. } => e,
            _ => self.fail(e),
        })
    }

    /// Gives the queue a command that touches `elements` elements; a failure is stored.
    pub(crate) fn command<T>(
        &self,
        elements: usize,
        give: impl FnOnce(&Driver) -> Result<T>,
    ) -> Result<T> {
        let given = self.shared.faults.command().and_then(|()| give(&self.shared.driver));
        self.keep(given.map_err(|e| match e {
            Error::OutOfMemory { .. } => self.is_full(4 * elements as u64),
            other => other,
        }))
    }

    /// Waits until the device has finished all commands given to it.
    ///
    /// # Errors
    /// The first failure since the device was opened.
    pub fn finish(&self) -> Result<()> {
        self.command(0, Driver::finish)?;
        self.check()
    }

    /// Returns memory for at least `len` elements of four bytes, and its number of elements.
    pub(crate) fn take(&self, len: usize) -> Result<(Memory, usize)> {
        self.check()?;
        let (wanted, largest) = (4 * len as u64, self.shared.description.largest_allocation);
        if wanted > largest {
            return self.keep(Err(Error::TooLarge { bytes: wanted, largest }));
        }
        let class = class(len, largest);
        if let Some(memory) = lock(&self.shared.pool).get_mut(&class).and_then(Vec::pop) {
            return Ok((memory, class));
        }
        let bytes = 4 * class as u64;
        let memory = self.keep(self.take_new(bytes, class))?;
        self.shared.taken.fetch_add(bytes, Ordering::Relaxed);
        Ok((memory, class))
    }

    fn take_new(&self, bytes: u64, class: usize) -> Result<Memory> {
        let limit = self.shared.limit.load(Ordering::Relaxed);
        for attempt in 0..2 {
            if self.memory_taken() + bytes <= limit
                && let Some(memory) = self.shared.driver.allocate(class)?
            {
                return Ok(memory);
            }
            // The second attempt follows after the pool's memory has been freed.
            if attempt == 0 {
                self.shared.driver.finish()?;
                let kept = std::mem::take(&mut *lock(&self.shared.pool));
                let freed: usize = kept.iter().map(|(class, all)| 4 * class * all.len()).sum();
                self.shared.taken.fetch_sub(freed as u64, Ordering::Relaxed);
            }
        }
        Err(self.is_full(bytes))
    }

    /// Returns the error of a device without another `bytes` bytes.
    pub(crate) fn is_full(&self, bytes: u64) -> Error {
        let limit = self.shared.limit.load(Ordering::Relaxed).min(self.shared.description.memory);
        Error::OutOfMemory { bytes, taken: self.memory_taken(), limit }
    }

    /// Returns memory to the pool. The queue keeps its order, so the commands of the next holder
    /// run after those of the last one.
    pub(crate) fn give(&self, memory: Memory, class: usize) {
        lock(&self.shared.pool).entry(class).or_default().push(memory);
    }

    /// Keeps the host's side of an upload until it is finished.
    pub(crate) fn keep_upload(&self, transfer: Transfer) {
        let mut uploads = lock(&self.shared.uploads);
        uploads.push_back(transfer);
        while uploads.front().is_some_and(Transfer::is_done) || uploads.len() > UPLOADS {
            uploads.pop_front();
        }
    }
}

/// Lists the available devices.
fn found(platforms: &[PlatformDescription]) -> String {
    let mut all = Vec::new();
    for (p, platform) in platforms.iter().enumerate() {
        let device = |(d, x): (usize, &DeviceDescription)| format!("opencl:{p}.{d} ({})", x.name);
        all.extend(platform.devices.iter().enumerate().map(device));
    }
    if all.is_empty() { "none".to_string() } else { all.join(", ") }
}

/// Returns the first GPU, or else the first device.
fn first(platforms: &[PlatformDescription]) -> Option<(usize, usize)> {
    let all = || {
        let places = platforms.iter().enumerate();
        places.flat_map(|(p, platform)| {
            platform.devices.iter().enumerate().map(move |(d, x)| ((p, d), x))
        })
    };
    all().find(|(_, d)| d.kind == "gpu").or_else(|| all().next()).map(|(place, _)| place)
}

impl std::fmt::Debug for OpenCl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenCl({}, {})", self.name(), self.shared.description.name)
    }
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn memory_that_fits_is_never_rounded_up_past_the_largest_piece() {
        for largest in [4_000_u64, 1 << 20, (1 << 30) + 4] {
            let most = (largest / 4) as usize;
            for len in [most / 2 + 1, most - 1, most] {
                assert!((len..=most).contains(&class(len, largest)), "{len} of {most}");
            }
        }
        assert_eq!(class(100, 1 << 30), crate::cpu::buffer::class(100));
    }
}
