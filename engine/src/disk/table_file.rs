//! The two copies of the slot table in the first container.
//!
//! What must hold: while one copy is being written the other one is whole, flushed, and what a restart would have read
//! before. Nothing here retries: a write or flush that failed may have left anything behind.

use crate::limits::BLOCK_BYTES;
use crate::rt::{Buffer, File, IoKind};

use super::error::DiskError;
use super::geometry::{Geometry, TableCopy};
use super::slot_table::SlotTable;

/// Writes the table: one copy, flush, the other copy, flush. The change counts when this ends well.
pub(super) async fn write(
    file: &File,
    geometry: &Geometry,
    table: &SlotTable,
    first: TableCopy,
) -> Result<(), DiskError> {
    let bytes = table.encode();
    assert!(bytes.len() <= geometry.table_bytes() as usize, "a table fits the room for its copy");
    let mut buffer = Buffer::zeroed(bytes.len());
    buffer.copy_from_slice(&bytes);
    for copy in [first, first.other()] {
        let (written, back) = file.write_at(geometry.table_offset(copy), buffer).await;
        written?;
        buffer = back;
        // A crash in the other copy's write then finds this one; a crash after it finds both.
        file.flush().await?;
    }
    Ok(())
}

/// Reads the table and says which copy it came from: the whole one with the higher generation. `None` if neither is
/// whole. What is read is durable.
pub(super) async fn read(file: &File, geometry: &Geometry) -> Result<Option<(SlotTable, TableCopy)>, DiskError> {
    // A killed process may have left a copy that can be read and still be lost: whoever relied on it and wrote over the
    // other one would have neither after a power cut.
    file.flush().await?;
    let a = read_copy(file, geometry, TableCopy::A).await?;
    let b = read_copy(file, geometry, TableCopy::B).await?;
    Ok(match (a, b) {
        (Some(a), Some(b)) if b.generation > a.generation => Some((b, TableCopy::B)),
        (Some(a), _) => Some((a, TableCopy::A)),
        (None, Some(b)) => Some((b, TableCopy::B)),
        (None, None) => None,
    })
}

async fn read_copy(file: &File, geometry: &Geometry, copy: TableCopy) -> Result<Option<SlotTable>, DiskError> {
    // Block by block after a failure: the copy may be longer than its used part, and only a used block matters.
    let len = geometry.table_bytes() as usize;
    let offset = geometry.table_offset(copy);
    let (answer, buffer) = file.read_at(offset, Buffer::zeroed(len)).await;
    match answer {
        Ok(()) => Ok(SlotTable::decode(&buffer, geometry)),
        Err(error) if matches!(error.kind, IoKind::Media | IoKind::Short) => {
            Ok(read_used(file, geometry, offset).await)
        }
        Err(error) => Err(error.into()),
    }
}

/// The copy at `offset` read block by block up to the first one that does not read.
async fn read_used(file: &File, geometry: &Geometry, offset: u64) -> Option<SlotTable> {
    let mut bytes = Vec::new();
    while bytes.len() < geometry.table_bytes() as usize {
        let (answer, block) = file.read_at(offset + bytes.len() as u64, Buffer::zeroed(BLOCK_BYTES)).await;
        if answer.is_err() {
            break;
        }
        bytes.extend_from_slice(&block);
    }
    SlotTable::decode(&bytes, geometry)
}
