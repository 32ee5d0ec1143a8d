import { viewerOf } from '../../domain/account'
import { wholeBlob, type Content, type Extent } from '../../domain/content'
import { AppError } from '../../domain/errors'
import type { Timing } from '../../domain/timing'
import type { UploadPart, UploadSession } from '../../domain/upload'
import { contentOfExtents } from '../content-of-extents'
import { commitContent } from './content-commit'
import { newUploadId } from './reservation'
import type { Joining, PieceResult, ResumableDependencies } from './resumable'
import { digestOf, requireUpload } from './resumed-upload'
import type { Sender } from './upload'

type Use = ResumableDependencies

/**
 * Takes the parts over in one command, then commits a content of as many extents: each part's draft becomes a blob as it is.
 * A commit that is refused leaves the joined upload, to be looked at and terminated.
 */
export async function joinParts(
  use: Use,
  who: Sender,
  joining: Joining,
  timing: Timing,
): Promise<PieceResult> {
  const parts = await partsOf(use, who, joining.partIds)
  const session = await begin(use, who, joining, parts)
  const { id, leaseEpoch } = session
  const { key, contentType, condition, metadata } = joining
  const commit = {
    ...{ key, contentType, condition },
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
    content: contentOf(parts),
    sealed: sealedOf(use, parts),
    upload: { id, leaseEpoch },
  }
  try {
    const result = await commitContent(use, who, commit, timing)
    for (const part of parts) await use.blobs.removeDraft(part.id).catch(() => undefined)
    return { session, result }
  } catch (error) {
    await giveBack(use, session)
    throw error
  }
}

/** @throws {AppError} `not_found`, `gone`, `conflict` for a part that is not complete; `invalid`. */
async function partsOf(use: Use, who: Sender, ids: readonly string[]): Promise<UploadPart[]> {
  const { uploadPartsMax } = use.settings
  if (ids.length === 0 || ids.length > uploadPartsMax || new Set(ids).size !== ids.length)
    throw new AppError(
      'invalid',
      `An upload is joined of 1 to ${uploadPartsMax} parts, each once`,
      {
        field: 'Upload-Concat',
      },
    )
  const parts: UploadPart[] = []
  for (const id of ids) {
    const { kind, offsetBytes, lengthBytes, hashState } = await requireUpload(
      use,
      viewerOf(who, use.now()),
      id,
    )
    if (kind !== 'part' || offsetBytes !== lengthBytes)
      throw new AppError('conflict', 'A part is not complete', { field: 'Upload-Concat' })
    parts.push({ id, sizeBytes: offsetBytes, sha256: await digestOf(hashState) })
  }
  return parts
}

function begin(
  use: Use,
  who: Sender,
  { partIds: _, ...joining }: Joining,
  parts: readonly UploadPart[],
): Promise<UploadSession> {
  const { settings, holder } = use
  const nowMs = use.now()
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  if (sizeBytes > settings.uploadBytesMax)
    throw new AppError('too_large', `An upload has at most ${settings.uploadBytesMax} bytes`)
  return use.database.uploads.begin(viewerOf(who, nowMs), {
    ...joining,
    ...{ id: newUploadId(), kind: 'joined', parts, nowMs, lengthBytes: sizeBytes },
    ...{ neededBytes: sizeBytes, wantedBytes: sizeBytes, leaseHolder: holder },
    leaseUntilMs: nowMs + settings.uploadLeaseMs,
    expiresAtMs: nowMs + settings.uploadExpiryMs,
    openMax: settings.uploadsOpenMax,
  })
}

/** Parts without bytes say nothing, unless there are no others. */
function contentOf(parts: readonly UploadPart[]): Content {
  const extents = filled(parts).map(({ sha256, sizeBytes }): Extent => ({
    sha256,
    startByte: 0,
    lengthBytes: sizeBytes,
  }))
  const [only, ...others] = extents
  return others.length === 0 && only !== undefined
    ? wholeBlob(only.sha256, only.lengthBytes)
    : contentOfExtents(extents)
}

function filled(parts: readonly UploadPart[]): readonly UploadPart[] {
  const some = parts.filter(({ sizeBytes }) => sizeBytes > 0)
  return some.length === 0 ? parts.slice(0, 1) : some
}

function sealedOf(use: Use, parts: readonly UploadPart[]) {
  return filled(parts).map(({ id, sha256, sizeBytes }) => ({
    sha256,
    publish: () => use.blobs.publishDraft(id, { sha256, sizeBytes }),
  }))
}

async function giveBack({ database, settings, now }: Use, session: UploadSession): Promise<void> {
  const { id, leaseEpoch, offsetBytes } = session
  const lease = { leaseUntilMs: null, expiresAtMs: now() + settings.uploadExpiryMs }
  await database.uploads
    .advance({
      ...{ id, leaseEpoch, fromBytes: offsetBytes, toBytes: offsetBytes, hashState: null },
      ...lease,
    })
    .catch(() => undefined)
}
