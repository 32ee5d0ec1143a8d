const large = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff))

/** Lies in three blobs, of which the first and the last are used in part. */
export const joined = {
  file: 'joined.bin',
  pieces: [
    { startByte: 100_000, endByte: 399_999 },
    { startByte: 0, endByte: 9 },
    { startByte: 1_000_000, endByte: 1_299_999 },
  ],
} as const

/** The files that the cases read, by their names below `/v1/files/alice/`, percent-encoded. */
export const contents: Readonly<Record<string, Buffer>> = {
  'ten.txt': Buffer.from('abcdefghij'),
  'empty.bin': Buffer.alloc(0),
  'a/b/%E6%97%A5%E6%9C%AC%20%25%22%27%3B.html': Buffer.from('<b>odd</b>'),
  'large.bin': large,
  [joined.file]: Buffer.concat(
    joined.pieces.map(({ startByte, endByte }) => large.subarray(startByte, endByte + 1)),
  ),
}

export interface DownloadCase {
  name: string
  file: string
  method?: string
  /** `{etag}`, `{date}`, `{before}` and `{after}` stand for the file's tag, its time and a second before and after. */
  headers?: Readonly<Record<string, string>>
  status: 200 | 206 | 304 | 412 | 416 | 400
  /** First and last byte of each part that a 206 carries. */
  parts?: readonly (readonly [number, number])[]
}

const ten = 'ten.txt'
/** As many ranges as one request may have. */
const sixteen = Array.from({ length: 16 }, (_, index) => index * 10_000)
const odd = 'a/b/%E6%97%A5%E6%9C%AC%20%25%22%27%3B.html'

function read(file: string, headers: Record<string, string>, status: DownloadCase['status']) {
  const asked = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return { name: [file, ...asked].join(' '), file, headers, status } satisfies DownloadCase
}

function part(file: string, headers: Record<string, string>, bytes: readonly [number, number]) {
  return parts(file, headers, [bytes])
}

function parts(
  file: string,
  headers: Record<string, string>,
  bytes: readonly (readonly [number, number])[],
) {
  return { ...read(file, headers, 206), parts: bytes } satisfies DownloadCase
}

function head(one: DownloadCase): DownloadCase {
  return { ...one, name: `HEAD ${one.name}`, method: 'HEAD' }
}

const whole: DownloadCase[] = [
  ...Object.keys(contents).map((file) => read(file, {}, 200)),
  ...Object.keys(contents).map((file) => head(read(file, {}, 200))),
]

const ranges: DownloadCase[] = [
  part(ten, { Range: 'bytes=0-0' }, [0, 0]),
  part(ten, { Range: 'bytes=0-' }, [0, 9]),
  part(ten, { Range: 'bytes=3-5' }, [3, 5]),
  part(ten, { Range: 'bytes=9-' }, [9, 9]),
  part(ten, { Range: 'bytes=5-99' }, [5, 9]),
  part(ten, { Range: 'bytes=5-99999999999999999999999999' }, [5, 9]),
  part(ten, { Range: 'bytes=-1' }, [9, 9]),
  part(ten, { Range: 'bytes=-10' }, [0, 9]),
  part(ten, { Range: 'bytes=-99' }, [0, 9]),
  part(odd, { Range: 'bytes=1-2' }, [1, 2]),
  part('large.bin', { Range: 'bytes=1000000-' }, [1_000_000, 1_499_999]),
  part('large.bin', { Range: 'bytes=-700001' }, [799_999, 1_499_999]),
  read(ten, { Range: 'bytes=10-' }, 416),
  read(ten, { Range: 'bytes=10-20' }, 416),
  read(ten, { Range: 'bytes=99999999999-' }, 416),
  read(ten, { Range: 'bytes=-0' }, 416),
  read('empty.bin', { Range: 'bytes=0-' }, 416),
  read('empty.bin', { Range: 'bytes=-1' }, 416),
  read(ten, { Range: 'bytes=5-2' }, 200),
  read(ten, { Range: 'bytes=a-b' }, 200),
  read(ten, { Range: 'bytes=' }, 200),
  read(ten, { Range: 'lines=1-2' }, 200),
  part(ten, { Range: 'bytes=0-1,99-' }, [0, 1]),
  part(ten, { Range: 'BYTES=0-1' }, [0, 1]),
  part(ten, { Range: 'bytes= 0-1' }, [0, 1]),
  part('joined.bin', { Range: 'bytes=299990-300019' }, [299_990, 300_019]),
  part('joined.bin', { Range: 'bytes=300010-' }, [300_010, 600_009]),
  part('joined.bin', { Range: 'bytes=-1' }, [600_009, 600_009]),
  read('joined.bin', { Range: 'bytes=600010-' }, 416),
  head(read(ten, { Range: 'bytes=0-1' }, 200)),
  head(read(ten, { Range: 'bytes=99-' }, 200)),
]

const severalRanges: DownloadCase[] = [
  parts(ten, { Range: 'bytes=0-1,4-5' }, [
    [0, 1],
    [4, 5],
  ]),
  parts(ten, { Range: 'bytes=4-5, 0-1' }, [
    [4, 5],
    [0, 1],
  ]),
  parts(ten, { Range: 'bytes=7-,-1,99-,-0,0-0' }, [
    [7, 9],
    [9, 9],
    [0, 0],
  ]),
  parts(ten, { Range: 'bytes=,0-1 ,,\t4-5,' }, [
    [0, 1],
    [4, 5],
  ]),
  parts(ten, { Range: 'bytes=0-4,5-9' }, [
    [0, 4],
    [5, 9],
  ]),
  parts('large.bin', { Range: 'bytes=-700000,0-699999' }, [
    [800_000, 1_499_999],
    [0, 699_999],
  ]),
  parts('joined.bin', { Range: 'bytes=0-9,299995-300014,-5' }, [
    [0, 9],
    [299_995, 300_014],
    [600_005, 600_009],
  ]),
  parts('large.bin', { Range: `bytes=${sixteen.map((at) => `${at}-${at}`).join()}` }, [
    ...sixteen.map((at) => [at, at] as const),
  ]),
  read('large.bin', { Range: `bytes=${sixteen.map((at) => `${at}-${at}`).join()},99-99` }, 200),
  read('large.bin', { Range: `bytes=${'0-1,'.repeat(1000)}0-1` }, 200),
  read('large.bin', { Range: 'bytes=0-,0-,0-' }, 200),
  read(ten, { Range: 'bytes=0-5,5-9' }, 200),
  read(ten, { Range: 'bytes=0-1,5-2' }, 200),
  read(ten, { Range: 'bytes=0-1,x' }, 200),
  read(ten, { Range: 'bytes=10-,20-30' }, 416),
  read('empty.bin', { Range: 'bytes=0-1,-5' }, 416),
  head(read(ten, { Range: 'bytes=0-1,4-5' }, 200)),
  parts(ten, { Range: 'bytes=0-1,4-5', 'If-Range': '{etag}' }, [
    [0, 1],
    [4, 5],
  ]),
  read(ten, { Range: 'bytes=0-1,4-5', 'If-Range': '"x"' }, 200),
  parts(ten, { Range: 'bytes=0-1,4-5', 'If-Match': '{etag}' }, [
    [0, 1],
    [4, 5],
  ]),
  read(ten, { Range: 'bytes=0-1,4-5', 'If-Match': '"x"' }, 412),
  read(ten, { Range: 'bytes=0-1,4-5', 'If-None-Match': '{etag}' }, 304),
]

const ifRanges: DownloadCase[] = [
  part(ten, { Range: 'bytes=1-2', 'If-Range': '{etag}' }, [1, 2]),
  part('large.bin', { Range: 'bytes=5-', 'If-Range': '{etag}' }, [5, 1_499_999]),
  part('joined.bin', { Range: 'bytes=5-', 'If-Range': '{etag}' }, [5, 600_009]),
  read('joined.bin', { Range: 'bytes=5-', 'If-Range': '{date}' }, 200),
  read(ten, { Range: 'bytes=1-2', 'If-Range': '"x"' }, 200),
  read(ten, { Range: 'bytes=1-2', 'If-Range': 'W/{etag}' }, 200),
  read(ten, { Range: 'bytes=1-2', 'If-Range': '{date}' }, 200),
  read(ten, { Range: 'bytes=1-2', 'If-Range': '{after}' }, 200),
  read(ten, { Range: 'bytes=99-', 'If-Range': '"x"' }, 200),
  read(ten, { 'If-Range': '"x"' }, 200),
]

const conditions: DownloadCase[] = [
  read(ten, { 'If-None-Match': '{etag}' }, 304),
  read(ten, { 'If-None-Match': 'W/{etag}' }, 304),
  read(ten, { 'If-None-Match': '"x", {etag}' }, 304),
  read(ten, { 'If-None-Match': '*' }, 304),
  read(ten, { 'If-None-Match': '"x"' }, 200),
  read(ten, { 'If-None-Match': 'x' }, 400),
  read('empty.bin', { 'If-None-Match': '{etag}' }, 304),
  read('joined.bin', { 'If-None-Match': '{etag}' }, 304),
  read('joined.bin', { 'If-Match': '"x"' }, 412),
  read(ten, { 'If-Modified-Since': '{date}' }, 304),
  read(ten, { 'If-Modified-Since': '{after}' }, 304),
  read(ten, { 'If-Modified-Since': '{before}' }, 200),
  read(ten, { 'If-Modified-Since': 'yesterday' }, 200),
  read(ten, { 'If-None-Match': '"x"', 'If-Modified-Since': '{after}' }, 200),
  read(ten, { 'If-None-Match': '{etag}', 'If-Modified-Since': '{before}' }, 304),
  read(ten, { 'If-Match': '{etag}' }, 200),
  read(ten, { 'If-Match': '*' }, 200),
  read(ten, { 'If-Match': '"x"' }, 412),
  read(ten, { 'If-Match': 'W/{etag}' }, 412),
  read(ten, { 'If-Unmodified-Since': '{date}' }, 200),
  read(ten, { 'If-Unmodified-Since': '{before}' }, 412),
  read(ten, { 'If-Match': '{etag}', 'If-Unmodified-Since': '{before}' }, 200),
  read(ten, { 'If-Match': '"x"', 'If-None-Match': '{etag}' }, 412),
  part(ten, { 'If-Match': '{etag}', Range: 'bytes=1-2' }, [1, 2]),
  part(ten, { 'If-Unmodified-Since': '{after}', Range: 'bytes=1-2' }, [1, 2]),
  part(ten, { 'If-Modified-Since': '{before}', Range: 'bytes=1-2' }, [1, 2]),
  read(ten, { 'If-None-Match': '{etag}', Range: 'bytes=1-2' }, 304),
  read(ten, { 'If-Match': '"x"', Range: 'bytes=99-' }, 412),
  head(read(ten, { 'If-None-Match': '{etag}' }, 304)),
  head(read(ten, { 'If-Match': '"x"' }, 412)),
]

/** What a download must answer, whoever sends the bytes. */
export const downloadCases: readonly DownloadCase[] = [
  ...whole,
  ...ranges,
  ...severalRanges,
  ...ifRanges,
  ...conditions,
]
