//! Stub.
use super::*;
/// Stub.
#[derive(Debug)]
pub struct Folder;
impl Folder {
    /// Stub.
    pub fn new(_: &std::path::Path) -> Result<Self, TargetError> { Ok(Self) }
}
impl Target for Folder {
    fn name(&self) -> &str { "" }
    fn appetite(&self) -> Appetite { Appetite::Tables }
    async fn begin(&mut self) -> Result<Standing, TargetError> { Ok(Standing::default()) }
    async fn prepare(&mut self, _: &[TableShape]) -> Result<BTreeSet<String>, TargetError> { Ok(BTreeSet::new()) }
    async fn write(&mut self, _: &TableShape, _: Extent, _: Chunks) -> Result<Counts, TargetError> { Ok(Counts::default()) }
    async fn commit(&mut self, _: &str, _: &Position) -> Result<(), TargetError> { Ok(()) }
}
