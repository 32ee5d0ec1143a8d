import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

const chunkBytes = 1024 ** 2
const lineLengthMax = 1024 ** 2
const logName = /^[1-9]\d*\.log$/

/** A line of a call, request or stage; its other keys are columns. Lines with `k` are about the log itself. */
export type CallLine = Readonly<Record<string, string | number | undefined>> & {
  readonly t: number
  readonly d: number
  readonly n: string
}

export interface LogFile {
  pid: number
  /** `worker 1`, as its head line says; `process` where that is missing. */
  owner: string
  sizeBytes: number
  /** Lines that do not parse: cut by a full disk, a power cut, or still being written. */
  tornLines: number
  /** Lines that the process could not write, by its own count. */
  droppedLines: number
  /** Earliest start and latest end of a line, µs of the run. */
  firstUs: number
  lastUs: number
}

/** Reads every log of a run and shows each call to `visit`, file by file, in the order in which they ended. */
export function readRun(
  directory: string,
  visit: (line: CallLine, file: LogFile) => void,
): LogFile[] {
  const names = readdirSync(directory).filter((name) => logName.test(name))
  return names.sort(byNumber).map((name) => readLog(directory, name, visit))
}

function byNumber(a: string, b: string): number {
  return parseInt(a, 10) - parseInt(b, 10)
}

function readLog(
  directory: string,
  name: string,
  visit: (line: CallLine, file: LogFile) => void,
): LogFile {
  const reader = new LogReader(parseInt(name, 10), visit)
  const fd = openSync(join(directory, name), 'r')
  try {
    reader.file.sizeBytes = fstatSync(fd).size
    for (const line of linesOf(fd)) reader.read(line)
  } finally {
    closeSync(fd)
  }
  return reader.finish()
}

function* linesOf(fd: number): Generator<string> {
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let rest = ''
  for (let length; (length = readSync(fd, chunk, 0, chunkBytes, null)) > 0;) {
    const lines = (rest + chunk.toString('latin1', 0, length)).split('\n')
    // What is no log can have a line without end; it is given up as one that does not parse.
    rest = lines.at(-1)!.length > lineLengthMax ? '?' : lines.at(-1)!
    lines.length--
    yield* lines
  }
  if (rest !== '') yield rest
}

class LogReader {
  readonly file: LogFile
  private dropped = 0

  constructor(
    pid: number,
    private readonly visit: (line: CallLine, file: LogFile) => void,
  ) {
    const counts = { sizeBytes: 0, tornLines: 0, droppedLines: 0 }
    this.file = { pid, owner: 'process', ...counts, firstUs: Infinity, lastUs: -Infinity }
  }

  read(text: string): void {
    const line = parsed(text)
    if (line === undefined) {
      this.file.tornLines++
      return
    }
    if (isCall(line)) {
      this.stretch(line.t, line.t + line.d)
      this.visit(line, this.file)
    } else {
      this.stretch(line.t, line.t)
      this.about(line)
    }
  }

  finish(): LogFile {
    this.file.droppedLines += this.dropped
    return this.file
  }

  private about(line: AboutLine): void {
    if (line.k === 'head') {
      // The count of drops starts again where a pid came back within a run.
      this.file.droppedLines += this.dropped
      this.dropped = 0
      this.file.owner = line.role === 'primary' ? 'primary' : `${line.role} ${line.slot}`
    } else if (line.k === 'gauge') this.dropped = line.drop
    else this.dropped = line.dropped
  }

  private stretch(firstUs: number, lastUs: number): void {
    if (firstUs < this.file.firstUs) this.file.firstUs = firstUs
    if (lastUs > this.file.lastUs) this.file.lastUs = lastUs
  }
}

type AboutLine =
  | { t: number; k: 'head'; role: string; slot: number }
  | { t: number; k: 'gauge'; drop: number }
  | { t: number; k: 'tail'; dropped: number }

const aboutKinds = new Set<unknown>(['head', 'gauge', 'tail'])

function parsed(text: string): CallLine | AboutLine | undefined {
  try {
    const line = JSON.parse(text) as Partial<CallLine> | null
    if (typeof line !== 'object' || typeof line?.t !== 'number') return undefined
    return isCall(line) || aboutKinds.has(line.k) ? (line as CallLine | AboutLine) : undefined
  } catch {
    return undefined
  }
}

function isCall(line: object): line is CallLine {
  const { d, n, k } = line as Partial<CallLine>
  return k === undefined && typeof d === 'number' && typeof n === 'string'
}
