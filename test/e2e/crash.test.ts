import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const program = resolve(__dirname, '../../dist/perf/bench/main.js')
const victims = ['worker', 'writer', 'engine', 'primary', 'all']

describe('kill -9 under mixed load', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-crash-'))
  afterAll(() => rmSync(directory, { recursive: true }))

  it('loses and spoils nothing that was acknowledged, and leaves nothing behind', async () => {
    const results = join(directory, 'results.md')
    const args = [program, 'crash', '--rounds', String(victims.length), '--results', results]
    const outcome = await new Promise((done) => {
      execFile(process.execPath, args, (error, _stdout, stderr) =>
        done({ code: error === null ? 0 : error.code, stderr }),
      )
    })
    expect(outcome).toEqual({ code: 0, stderr: '' })
    const rows = readFileSync(results, 'utf8').match(/^\| (\w+) \| 1 \| [1-9]/gm)
    expect(rows).toEqual(
      victims.map((victim) => expect.stringMatching(`^\\| ${victim} `) as string),
    )
  }, 240_000)
})
