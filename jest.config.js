/** One project per kind of test; `npm run test:<project>` runs one. */
const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
  ],
}

const project = (name) => ({
  displayName: name,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  transform,
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/data/'],
})

module.exports = {
  testTimeout: 60_000,
  projects: ['unit', 'contract', 'http', 'engine', 'e2e', 'architecture'].map(project),
}
