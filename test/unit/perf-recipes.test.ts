import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFixtureRun } from '../support/perf/fixture-run'
import { temporaryDirectories } from '../support/perf/temporary-directory'

const directory = temporaryDirectories()
const page = readFileSync(join(__dirname, '../../notes/useful_scripts.md'), 'utf8')

interface Recipe {
  title: string
  script: string
  /** What the page says that it prints. */
  shown: string
}

function recipesOf(text: string): Recipe[] {
  const pattern = /([^\n]+)\n\n```sh\n(.*?)```\n\n```text\n(.*?)```/gs
  return [...text.matchAll(pattern)].map(([, title, script, shown]) => ({
    title: title!,
    script: script!,
    shown: shown!,
  }))
}

describe('the recipes of notes/useful_scripts.md', () => {
  const checkout = directory()
  const recipes = recipesOf(page)
  writeFixtureRun(join(checkout, 'perf/logs'))

  it('are each followed by what they print', () => {
    expect(recipes.length).toBeGreaterThan(10)
    expect(page.match(/^```(?!text$).+$/gm)).toHaveLength(recipes.length)
  })

  it.each(recipes)('print what the page shows: $title', ({ script, shown }) => {
    const printed = execFileSync('bash', ['-eu', '-o', 'pipefail', '-c', script], {
      cwd: checkout,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    })
    expect(printed).toBe(shown)
  })
})
