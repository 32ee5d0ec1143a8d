import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'

const page = readFileSync(join(__dirname, '../../notes/inference_recipes.md'), 'utf8')
const recipe = /([^\n]+)\n\n```sh\n((?:(?!```).)*)```\n\n```text\n(.*?)```/gs

describe('the recipes of notes/inference_recipes.md', () => {
  let service: Service
  let env: NodeJS.ProcessEnv
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-recipes-'))
  const recipes = [...page.matchAll(recipe)].map(([, title, script, shown]) => ({
    ...{ title: title!, script: script!, shown: shown! },
  }))
  const preamble = /```sh\n(.*?)```/s.exec(page)![1]!

  beforeAll(async () => {
    service = await startService({ settings: { models: { samples: true } } })
    const { authorization } = await signIn(service)
    const TOKEN = authorization.replace('Bearer ', '')
    env = { ...process.env, LC_ALL: 'C.UTF-8', URL: service.url, TOKEN }
  })
  afterAll(async () => {
    await service.dispose()
    rmSync(directory, { recursive: true })
  })

  test('are each followed by what they print', () => {
    expect(recipes.length).toBeGreaterThan(10)
    expect(page.match(/^```(?!text$).+$/gm)).toHaveLength(recipes.length + 1)
  })

  test.each(recipes)('print what the page shows: $title', async ({ script, shown }) => {
    const { stdout } = await promisify(execFile)(
      'bash',
      ['-eu', '-o', 'pipefail', '-c', preamble + script],
      { cwd: directory, env },
    )
    expect(stdout).toBe(shown)
  })
})
