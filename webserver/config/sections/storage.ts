import { choice, day, flag, gibibyte, matching, mebibyte, minute, section, whole } from '../setting'

const mediaTypes = /^(?:[a-z]+\/(?:\*|[a-z0-9.+-]+)(?:, ?(?!$)|$))*$/

export const files = section({
  uploadBytesMax: whole(
    'bytes',
    [0, Number.MAX_SAFE_INTEGER],
    1024 * gibibyte,
    'Largest body of one upload.',
  ),
  uploadsInFlightMax: whole(
    'uploads',
    [1, 100_000],
    256,
    'Uploads that one worker has in hand at once; more are answered 503.',
  ),
  reserveFromBytes: whole(
    'bytes',
    [0, gibibyte],
    8 * mebibyte,
    'Uploads larger than this reserve their room in the quota before the body is read; smaller ones are judged when they are complete.',
  ),
  uploadsOpenMax: whole(
    'uploads',
    [1, 100_000],
    1000,
    'Resumable uploads that an account may have open; more are answered 429.',
  ),
  uploadExpiryMs: whole(
    'ms',
    [1000, 365 * day],
    day,
    'How long a resumable upload waits for more bytes; then it is deleted and its room is free.',
  ),
  uploadLeaseMs: whole(
    'ms',
    [100, 10 * minute],
    10_000,
    'How long a connection may hold a resumable upload without sending, once it may be dead. Half of it is how long it holds it while it is alive.',
  ),
  uploadFlushBytes: whole(
    'bytes',
    [64 * 1024, 64 * gibibyte],
    32 * mebibyte,
    'How many bytes of a resumable upload arrive before they are made durable and counted: at most so many are sent again after a crash.',
  ),
  uploadPatchBytesMax: whole(
    'bytes',
    [1, Number.MAX_SAFE_INTEGER],
    1024 * gibibyte,
    'Largest body of one request of a resumable upload.',
  ),
  uploadPartsMax: whole(
    'uploads',
    [1, 100_000],
    1000,
    'Partial uploads that may be joined to one file.',
  ),
  uploadMetadataBytesMax: whole(
    'bytes',
    [256, 7168],
    4096,
    'Longest Upload-Metadata header that is taken.',
  ),
  requireCondition: flag(
    false,
    'Whether a file may be replaced, changed or deleted only with If-Match or If-None-Match; otherwise it is answered 428.',
  ),
  freeBytesMin: whole(
    'bytes',
    [0, Number.MAX_SAFE_INTEGER],
    256 * mebibyte,
    'What is kept free of the disks of contents and database: uploads that would take it are answered 507, deleting goes on. 0 takes all there is.',
  ),
  requirePatchCondition: flag(
    true,
    'Whether changing a part of a file needs If-Match, or a place that names where the file ends; otherwise it is answered 428.',
  ),
  extentsMax: whole(
    'extents',
    [4, 1000],
    64,
    'Runs of bytes that a file which was changed in parts is made of, at most; beyond it some of them are written anew as one.',
  ),
  patchPartsMax: whole(
    'parts',
    [1, 1000],
    16,
    'Byte ranges that one request may change in a file.',
  ),
  appendVersionMs: whole(
    'ms',
    [0, 3650 * day],
    60 * minute,
    'An append keeps what it replaced as an earlier version only when that was at least so old.',
  ),
  compactAfterMs: whole(
    'ms',
    [0, 3650 * day],
    60 * minute,
    'A file that was changed in parts is written anew as one when it has rested for so long: then nginx sends it and its digest is known.',
  ),
  compactCrowdedAfterMs: whole(
    'ms',
    [0, 3650 * day],
    minute,
    'The same for one of at least compactCrowdedExtents runs of bytes.',
  ),
  compactCrowdedExtents: whole('extents', [2, 1000], 16, 'Runs of bytes that make a file crowded.'),
  compactBytesMax: whole(
    'bytes',
    [0, Number.MAX_SAFE_INTEGER],
    4 * gibibyte,
    'What is written anew in this way each sweepIntervalMs, at most, unless a single file is larger.',
  ),
  formPartsMax: whole('parts', [1, 10_000], 100, 'Files and fields of one form, at most.'),
  readThreads: flag(
    false,
    'Whether nginx reads contents in threads: for disks so slow that a read would hold up other requests. It doubles the CPU time of a download.',
  ),
  rangesMax: whole(
    'ranges',
    [1, 1000],
    16,
    'Ranges of one request for a file; more are answered with the whole file.',
  ),
  inlineTypes: matching(
    mediaTypes,
    'media types',
    'image/png, image/jpeg, image/gif, image/webp, image/avif, image/bmp, text/plain, application/pdf, audio/*, video/*',
    'What browsers show rather than save. HTML, XML, SVG, scripts and style sheets are always saved.',
  ),
  listLimitMax: whole(
    'files',
    [1, 10_000],
    1000,
    'Most files and folders on one page of a listing.',
  ),
  examinedMax: whole(
    'rows',
    [100, 100_000],
    10_000,
    'Files that are looked at for one page of a listing, and at once for the sum of a folder. A page that needs more is short; what no index sorts is refused above it.',
  ),
  archiveFilesMax: whole('files', [1, 1_000_000], 10_000, 'Most files in one archive.'),
  bulkFilesMax: whole(
    'files',
    [1, 10_000],
    500,
    'Files that one request copies, moves and deletes at most; the database does nothing else meanwhile.',
  ),
  bulkBodyBytesMax: whole(
    'bytes',
    [1024, 64 * mebibyte],
    2 * mebibyte,
    'Largest body of such a request.',
  ),
  versionsKept: whole(
    'versions',
    [0, 10_000],
    10,
    'Earlier versions of each file that are kept; they count towards the quota and yield to it.',
  ),
  versionKeptMs: whole(
    'ms',
    [0, 3650 * day],
    365 * day,
    'How long an earlier version is kept after it was replaced, if their number allows it.',
  ),
  trashKeptMs: whole(
    'ms',
    [0, 3650 * day],
    30 * day,
    'How long a deleted file can be brought back; it counts towards the quota meanwhile. 0 deletes at once.',
  ),
  sweepIntervalMs: whole(
    'ms',
    [1000, 365 * day],
    10 * minute,
    'How often contents that no file refers to are swept.',
  ),
  sweepAgeMs: whole(
    'ms',
    [1000, 365 * day],
    60 * minute,
    'How long a content must have been without a file before it is swept.',
  ),
  storeCheckIntervalMs: whole(
    'ms',
    [1000, 365 * day],
    day,
    'How often the contents on disk and the records of them are compared, in both directions.',
  ),
  storeCheckPerSecond: whole(
    'contents',
    [1, 1_000_000],
    1000,
    'Contents that such a comparison looks at in a second.',
  ),
})

export const database = section({
  kind: choice(
    ['sqlite', 'debug'],
    'sqlite',
    'Where accounts and file records are kept: SQLite, or JSON files to look at with an editor (one worker).',
  ),
  batchMax: whole('commands', [1, 10_000], 512, 'Commands made durable by one commit.'),
  queueMax: whole(
    'commands',
    [1, 1_000_000],
    4096,
    'Commands of one process that wait for the writer; more are answered 503.',
  ),
  commandTimeoutMs: whole(
    'ms',
    [100, 10 * minute],
    15_000,
    'How long a command may wait for the writer, its restarts included.',
  ),
  cachedRowsMax: whole(
    'rows',
    [0, 1_000_000],
    4096,
    'Sessions and files that each worker keeps for as long as nothing is written; 0 reads them each time.',
  ),
  reserveBytes: whole(
    'bytes',
    [0, gibibyte],
    16 * mebibyte,
    'Taken from the disk while there is room and given back when it is full, so that deletions can still be recorded; 0 reserves nothing.',
  ),
  walBytesMax: whole(
    'bytes',
    [mebibyte, 64 * gibibyte],
    64 * mebibyte,
    'The write-ahead log is checkpointed when it grows beyond this.',
  ),
})
