import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const program = resolve(__dirname, '../../dist/perf/bench/main.js')
const kills = 12

describe('kill -9 under mixed load', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-crash-'))
  afterAll(() => rmSync(directory, { recursive: true }))

  /** Which steps of a commit are met is a matter of chance; the report of a run names them. */
  it('loses and spoils nothing that was acknowledged, and leaves nothing behind', async () => {
    const results = join(directory, 'results.md')
    const args = [program, 'crash', '--rounds', String(kills), '--results', results]
    const outcome = await new Promise((done) => {
      execFile(process.execPath, args, (error, stdout, stderr) =>
        done({
          code: error === null ? 0 : error.code,
          stderr,
          stdout: error === null ? '' : stdout,
        }),
      )
    })
    expect(outcome).toEqual({ code: 0, stderr: '', stdout: '' })
    expect(readFileSync(results, 'utf8')).toContain(`## Crashes: ${kills} kills`)
  }, 400_000)
})
