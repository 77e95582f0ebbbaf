//! A device behind OpenCL: what is there, and what is open.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::counters::{Counted, Counters};
use super::driver::{self, Driver, Memory, Proof, Transfer};
use super::launch::Cache;
use crate::error::{Error, Result};

/// A platform: one vendor's implementation of OpenCL.
#[derive(Debug, Clone)]
pub struct PlatformDescription {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its devices, in the order of their numbers.
    pub devices: Vec<DeviceDescription>,
}

/// A device in words and numbers.
#[derive(Debug, Clone)]
pub struct DeviceDescription {
    /// Its name.
    pub name: String,
    /// Who makes it.
    pub vendor: String,
    /// `gpu`, `cpu` or `accelerator`.
    pub kind: &'static str,
    /// The version of OpenCL it speaks.
    pub version: String,
    /// The version of its driver.
    pub driver: String,
    /// Compute units.
    pub compute_units: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of the largest single piece of memory.
    pub largest_allocation: u64,
    /// Bytes of memory that a work-group shares.
    pub local_memory: usize,
    /// Work-items of the largest work-group.
    pub work_group: usize,
    /// The extensions it knows.
    pub extensions: String,
}

/// The platforms and devices that are there, in the order of their numbers.
///
/// # Errors
/// [`Error::NotBuiltWith`] without the feature `opencl`, [`Error::NoPlatform`] where no
/// implementation is installed.
pub fn platforms() -> Result<Vec<PlatformDescription>> {
    driver::platforms(driver::proof()?)
}

/// A device that is open, with its queue, its compiled programs and its memory. A clone is the same
/// device.
///
/// Commands run in the order in which they are given, and nobody waits for them but who
/// reads. The first failure is kept: [`OpenCl::check`] returns it, and nothing is started after it.
#[derive(Clone)]
pub struct OpenCl {
    pub(super) shared: Arc<Shared>,
    /// Without the feature there is no such value, and so no device.
    proof: Proof,
}

pub(super) struct Shared {
    pub(super) driver: Driver,
    pub(super) description: DeviceDescription,
    pub(super) cache: Cache,
    pub(super) counted: Counted,
    name: String,
    /// Memory that nobody holds, by its number of elements.
    pool: Mutex<HashMap<usize, Vec<Memory>>>,
    /// Bytes taken from the device, those of the pool included.
    taken: AtomicU64,
    limit: AtomicU64,
    uploads: Mutex<VecDeque<Transfer>>,
    error: Mutex<Option<Error>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Copies to the device whose memory on the host is kept at most.
const UPLOADS: usize = 256;

impl OpenCl {
    /// Opens `opencl`, the first device there is (a GPU before others), or
    /// `opencl:PLATFORM.DEVICE`.
    ///
    /// # Errors
    /// A name of another form, a device that is not there, [`Error::NoPlatform`],
    /// [`Error::NotBuiltWith`].
    pub fn open(name: &str) -> Result<Self> {
        let unknown = || Error::Device(name.to_string());
        let place = match name.split_once(':') {
            None if name == "opencl" => None,
            Some(("opencl", place)) => {
                let (platform, device) = place.split_once('.').ok_or_else(unknown)?;
                let number = |text: &str| text.parse::<usize>().map_err(|_| unknown());
                Some((number(platform)?, number(device)?))
            }
            _ => return Err(unknown()),
        };
        let proof = driver::proof()?;
        let (platform, device) = match place {
            Some(place) => place,
            None => first(&driver::platforms(proof)?).ok_or(Error::NoPlatform)?,
        };
        let driver = Driver::open(proof, platform, device)?;
        let description = driver.describe();
        let limit = AtomicU64::new(description.memory);
        let shared = Shared {
            driver,
            description,
            cache: Cache::default(),
            counted: Counted::default(),
            name: format!("opencl:{platform}.{device}"),
            pool: Mutex::default(),
            taken: AtomicU64::new(0),
            limit,
            uploads: Mutex::default(),
            error: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), proof })
    }

    pub(super) fn proof(&self) -> Proof {
        self.proof
    }

    /// Its name, `opencl:PLATFORM.DEVICE`.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The device in words and numbers.
    pub fn describe(&self) -> &DeviceDescription {
        &self.shared.description
    }

    /// True where both are the same open device.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// What was done so far; the difference over a stretch of work is what the work cost.
    pub fn counters(&self) -> Counters {
        self.shared.counted.get()
    }

    /// Counts a product's operations.
    pub(super) fn count_product(&self, operations: u64) {
        self.shared.counted.product(operations);
    }

    /// Launches of each kernel so far, by name.
    pub fn kernels(&self) -> Vec<(&'static str, u64)> {
        self.shared.cache.launches()
    }

    /// Bytes of the device's memory that are taken, those kept for reuse included.
    pub fn memory_taken(&self) -> u64 {
        self.shared.taken.load(Ordering::Relaxed)
    }

    /// Takes at most so many bytes of the device's memory from now on.
    pub fn limit_memory(&self, bytes: u64) {
        self.shared.limit.store(bytes, Ordering::Relaxed);
    }

    /// The first failure since the device was opened, if any.
    ///
    /// # Errors
    /// That failure.
    pub fn check(&self) -> Result<()> {
        lock(&self.shared.error).clone().map_or(Ok(()), Err)
    }

    /// Keeps a failure, where it is the first, and gives it back.
    pub fn fail(&self, error: Error) -> Error {
        lock(&self.shared.error).get_or_insert_with(|| error.clone());
        error
    }

    /// Keeps a result's failure, where it is the device's and not the caller's, and passes the
    /// result on.
    pub(crate) fn keep<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|e| match e {
            Error::Argument { .. } => e,
            _ => self.fail(e),
        })
    }

    /// Waits until the device has done all that it was given.
    ///
    /// # Errors
    /// The first failure since the device was opened.
    pub fn finish(&self) -> Result<()> {
        self.keep(self.shared.driver.finish())?;
        self.check()
    }

    /// Memory for at least `len` elements of four bytes, and how many it has.
    pub(super) fn take(&self, len: usize) -> Result<(Memory, usize)> {
        self.check()?;
        let class = crate::buffer::class(len);
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
        let largest = self.shared.description.largest_allocation;
        if bytes <= largest {
            for attempt in 0..2 {
                if self.memory_taken() + bytes <= limit
                    && let Some(memory) = self.shared.driver.allocate(class)?
                {
                    return Ok(memory);
                }
                // The second time with what the pool has kept.
                if attempt == 0 {
                    self.shared.driver.finish()?;
                    let kept = std::mem::take(&mut *lock(&self.shared.pool));
                    let freed: usize = kept.iter().map(|(class, all)| 4 * class * all.len()).sum();
                    self.shared.taken.fetch_sub(freed as u64, Ordering::Relaxed);
                }
            }
        }
        Err(Error::OutOfMemory {
            bytes,
            taken: self.memory_taken(),
            limit: limit.min(self.shared.description.memory),
        })
    }

    /// Takes memory back for reuse: the queue keeps its order, so whoever gets it next comes after
    /// whoever had it.
    pub(super) fn give(&self, memory: Memory, class: usize) {
        lock(&self.shared.pool).entry(class).or_default().push(memory);
    }

    /// Keeps the host's side of a copy to the device until it is over.
    pub(super) fn keep_upload(&self, transfer: Transfer) {
        let mut uploads = lock(&self.shared.uploads);
        uploads.push_back(transfer);
        while uploads.front().is_some_and(Transfer::is_done) || uploads.len() > UPLOADS {
            uploads.pop_front();
        }
    }
}

/// The first GPU, or else the first device.
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
