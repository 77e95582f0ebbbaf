//! Checks a folder of golden values and says how far every operation is off.

use std::io::{self, Write};
use std::process::ExitCode;

use tests::golden::{GoldenSet, check};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "tests/golden".into());
    let report = check(&GoldenSet::read(folder)?);
    writeln!(io::stdout(), "{report}")?;
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
