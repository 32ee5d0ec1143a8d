import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorsPage } from '../../webserver/http/errors-page'

test('notes/errors.md is what the table of errors says (npm run docs writes it)', () => {
  const page = readFileSync(join(__dirname, '../../notes/errors.md'), 'utf8')
  expect(page).toBe(errorsPage())
})
