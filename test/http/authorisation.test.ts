import { accountsRows } from '../support/http/authorisation/accounts-rows'
import { fileRows } from '../support/http/authorisation/files-rows'
import { keepingRows } from '../support/http/authorisation/keeping-rows'
import { linkRows } from '../support/http/authorisation/link-rows'
import { modelsRows } from '../support/http/authorisation/models-rows'
import { organisingRows } from '../support/http/authorisation/organising-rows'
import { partsRows } from '../support/http/authorisation/parts-rows'
import {
  cellsOf,
  nameOf,
  saysHowShared,
  type Row,
  type Scene,
} from '../support/http/authorisation/row'
import { makeScene } from '../support/http/authorisation/scene'
import { serviceRows } from '../support/http/authorisation/service-rows'
import { sharingRows } from '../support/http/authorisation/sharing-rows'
import { uploadRows } from '../support/http/authorisation/uploads-rows'
import { mountedRoutes } from '../support/http/mounted-routes'
import { TestService } from '../support/http/test-service'

/** Caller × operation × relation → code. How to add a route: `test/support/http/authorisation/row.ts`. */
const table: Row[] = [
  ...serviceRows,
  ...accountsRows,
  ...fileRows,
  ...keepingRows,
  ...partsRows,
  ...sharingRows,
  ...organisingRows,
  ...uploadRows,
  ...linkRows,
  ...modelsRows,
]

/** What the tests themselves are tested by asks for this: `npm run test:mutations`. */
const dataOnly = process.env.AUTHORISATION_DATA_ONLY === '1'

describe('who may do what', () => {
  let service: TestService

  beforeAll(async () => {
    // Behind nginx there is one route more. Every scene logs the admin in: none may end another's session.
    service = await TestService.start({
      settings: { http: { nginx: true }, sessions: { perAccountMax: 10_000 } },
    })
    await service.makeAdmin()
  })
  afterAll(() => service.stop())

  const rows = table.map((row, index) => ({ ...row, name: `${row.route} (row ${index + 1})` }))
  test.each(rows)('$name', async (row) => {
    const cells = cellsOf(row)
    const scenes = await Promise.all(cells.map(({ actor }) => makeScene(service, row, actor)))
    const before = await Promise.all(scenes.map((scene) => filesOf(scene)))
    const answers = await Promise.all(scenes.map((scene) => row.ask(scene)))

    // Whatever they are answered, they have learnt and changed nothing.
    for (const [index, scene] of scenes.entries())
      if (cells[index]!.status >= 400) {
        expect(await filesOf(scene)).toEqual(before[index])
        if (answers[index]!.status < 400) expect(answers[index]!.text).not.toContain('kept')
      }
    if (dataOnly) return

    const named = (statuses: number[]) =>
      Object.fromEntries(cells.map(({ actor }, index) => [nameOf(actor), statuses[index]]))
    expect(named(answers.map(({ status }) => status))).toEqual(
      named(cells.map(({ status }) => status)),
    )
  })

  async function filesOf({ owner }: Scene): Promise<unknown> {
    return (await service.call('GET', '/v1/files', owner.token).expect(200)).body
  }

  test('every mounted route has a row, and every row a route', () => {
    const routes = [...new Set(table.map(({ route }) => route))].sort()
    expect(routes).toEqual(mountedRoutes(service.server))
  })

  test('every route to what somebody owns has a row about those with whom it is shared', () => {
    const owned = mountedRoutes(service.server).filter((route) => route.includes('/:owner'))
    const said = new Set(table.filter(saysHowShared).map(({ route }) => route))
    expect(owned.filter((route) => !said.has(route))).toEqual([])
  })
})
