import { link, stat } from 'node:fs/promises'
import { AppError } from '../../domain/errors'
import type { BlobDirectories } from './directories'
import { codeOf, onDisk } from './disk-errors'

/** Where blobs are. */
export interface BlobPlace {
  root: string
  directories: BlobDirectories
}

interface Body {
  sha256: string
  sizeBytes: number
}

/**
 * Gives durable bytes their name among the blobs, durably. A name that is already there is made durable too: whoever made it
 * may not have come so far.
 */
export async function publish(
  draftPath: string,
  body: Body,
  place: BlobPlace,
): Promise<{ linked: boolean }> {
  const linked = await onDisk(() => linkOnce(draftPath, body, place))
  await onDisk(() => place.directories.sync(body.sha256))
  return { linked }
}

/** Linking, other than renaming, never replaces a blob. */
async function linkOnce(draftPath: string, body: Body, place: BlobPlace): Promise<boolean> {
  const path = `${place.root}/${place.directories.locate(body.sha256)}`
  for (;;) {
    try {
      await link(draftPath, path)
      return true
    } catch (error) {
      // The directories of blobs are all there, so that it is the draft that is not.
      if (codeOf(error) === 'ENOENT')
        throw new AppError('gone', 'The bytes of this upload are lost: send them again')
      if (codeOf(error) !== 'EEXIST') throw error
      if (await isAt(path, body.sizeBytes)) return false
    }
  }
}

/** False when the blob was swept in this moment. */
async function isAt(path: string, sizeBytes: number): Promise<boolean> {
  try {
    const { size } = await stat(path)
    if (size === sizeBytes) return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
  throw new AppError('internal', 'The stored content of the same digest is damaged')
}
