import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { RunInfo } from '../../perf/timing'
import { linesIn, rawLinesIn } from '../support/perf/log-lines'
import { temporaryDirectories } from '../support/perf/temporary-directory'

const directory = temporaryDirectories()
const childPath = join(__dirname, '../support/perf/child.js')
const fileBytesMax = 64 * 1024

function newRun(): RunInfo {
  return { number: 1, directory: directory(), epochNs: String(process.hrtime.bigint()) }
}

/** Numbers of the requests in the log. */
function writtenIn(lines: readonly string[]): number[] {
  return lines.flatMap((line) => /"r":"n-(\d+)"/.exec(line)?.[1] ?? []).map(Number)
}

/** Kills the process after that many acknowledgements; resolves to the highest that arrived until it was gone. */
async function killAfter(child: ChildProcess, acknowledgements: number): Promise<number> {
  let [seen, highest] = [0, 0]
  child.on('message', (number: number) => {
    highest = number
    if (++seen === acknowledgements) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return highest
}

describe('the perf log of a process that ends badly', () => {
  it.each([
    ['every line of earlier turns', 'acknowledge'],
    ['every line that has waited as long as it may', 'acknowledgeLater'],
  ])('holds %s after kill -9', async (_, task) => {
    for (let trial = 0; trial < 20; trial++) {
      const run = newRun()
      const child = fork(childPath, [task, JSON.stringify(run)])
      const highest = await killAfter(child, 1 + trial * 7)
      const written = writtenIn(rawLinesIn(run.directory))
      expect(written.length).toBeGreaterThanOrEqual(highest)
      expect(written).toEqual(written.map((_, i) => i + 1))
    }
  })

  it('holds the lines of the last turn and a tail when an error ends the process', async () => {
    const run = newRun()
    const child = fork(childPath, ['end', JSON.stringify(run)], { silent: true })
    await once(child, 'close')
    const lines = linesIn(run.directory)
    expect(writtenIn(rawLinesIn(run.directory))).toHaveLength(10)
    expect(lines.at(-1)).toMatchObject({ k: 'tail', records: 10, why: 'exit 1' })
  })

  it('lives on when the disk takes no more, and warns once', async () => {
    const run = newRun()
    // ulimit counts in blocks of 512 bytes; a write beyond it fails with EFBIG, as a full disk does with ENOSPC.
    const limited = `ulimit -f ${fileBytesMax / 512}; exec "$@"`
    const node = [process.execPath, childPath, 'overflow', JSON.stringify(run)]
    const child = spawn('sh', ['-c', limited, 'sh', ...node])
    const [said, warned] = await Promise.all([text(child.stdout), text(child.stderr)])
    expect(said).toBe('still here')
    expect(warned.match(/EFBIG/g)).toHaveLength(1)
    const lines = rawLinesIn(run.directory)
    const whole = lines.slice(0, -1)
    expect(whole.every((line) => typeof JSON.parse(line) === 'object')).toBe(true)
    expect(statSync(join(run.directory, `${child.pid!}.log`)).size).toBe(fileBytesMax)
  })
})
