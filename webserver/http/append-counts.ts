import { heldAppendColumn as column } from '../metrics/block-kinds'
import type { Counts } from '../metrics/counts'
import type { Logger } from '../platform/logger'
import type { AppendWatch } from '../services/uploads/appends'

/** Counts what became of appends that were answered before they were durable, and logs what was lost. */
export function watchAppends(counts: Counts, log: Logger): AppendWatch {
  const block = counts.block('held_append', [])
  return {
    onFlushed(pieces, bytes) {
      block[column.flushes]!++
      block[column.flushedPieces]! += pieces
      block[column.flushedBytes]! += bytes
    },
    onDropped(pieces, bytes, err) {
      block[column.droppedPieces]! += pieces
      block[column.droppedBytes]! += bytes
      log.warn({ err, pieces, bytes }, 'appends that were held could not be made durable')
    },
  }
}
