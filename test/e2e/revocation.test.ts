import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const program = resolve(__dirname, '../../dist/perf/bench/main.js')

describe('a right that is taken away under load', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-revocation-'))
  afterAll(() => rmSync(directory, { recursive: true }))

  it('is refused from the next request on, through nginx and without it', async () => {
    const results = join(directory, 'results.md')
    const args = [program, 'revocation', '--rounds', '1', '--patience', '0', '--results', results]
    const outcome = await new Promise((done) => {
      execFile(process.execPath, args, (error, _stdout, stderr) =>
        done({ code: error === null ? 0 : error.code, stderr }),
      )
    })
    expect(outcome).toEqual({ code: 0, stderr: '' })
    expect(readFileSync(results, 'utf8')).toContain('a grant expires')
  }, 300_000)
})
