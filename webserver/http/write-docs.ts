import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorsPage } from './errors-page'

/** Part of `npm run docs`. */
writeFileSync(join(process.cwd(), 'notes', 'errors.md'), errorsPage())
