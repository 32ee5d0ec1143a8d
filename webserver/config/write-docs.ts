import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configurationPage } from './help'

/** `npm run docs`: writes the generated pages into `notes/`. */
writeFileSync(join(process.cwd(), 'notes', 'configuration.md'), configurationPage())
