import type { IncomingHttpHeaders } from 'node:http'
import type { Caller } from '../../domain/account'
import { AppError } from '../../domain/errors'
import { requireFilePath, type FileKey } from '../../domain/file'
import { contentTypeOf } from '../../services/content-type'
import { writeConditionOf } from '../conditional'
import { concatenationOf, metadataOf } from './tus-fields'

/** What becomes of an upload, as `Upload-Metadata` and the conditions say it. */
export interface Destination {
  key: FileKey
  contentType: string
  metadata: Readonly<Record<string, string>>
  condition: ReturnType<typeof writeConditionOf>
}

/**
 * `path`, or else `filename`, of `owner`, or else of who asks. `filetype` is the content type; other names are metadata.
 * Of a part that is to be joined nothing is asked.
 * @throws {AppError} `invalid`, `too_large`.
 */
export function announcementOf(
  headers: IncomingHttpHeaders,
  caller: Caller,
  { uploadMetadataBytesMax }: { uploadMetadataBytesMax: number },
): Destination {
  const said = metadataOf(headers, uploadMetadataBytesMax)
  const isPart = concatenationOf(headers)?.kind === 'part'
  const take = (name: string) => {
    const value = said.get(name)
    said.delete(name)
    return value
  }
  const [named, filename, owner, type] = ['path', 'filename', 'owner', 'filetype'].map(take)
  const path = named ?? filename
  if (path === undefined && !isPart)
    throw new AppError('invalid', 'Upload-Metadata must say the path', { field: 'Upload-Metadata' })
  const key = isPart
    ? { owner: caller.name, path: '' }
    : { owner: owner ?? caller.name, path: requireFilePath(path!) }
  return {
    key,
    contentType: contentTypeOf(type === undefined || type === '' ? null : type, key.path),
    metadata: Object.fromEntries(said),
    condition: isPart ? {} : writeConditionOf(headers),
  }
}
