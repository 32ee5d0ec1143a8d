// Lets plain node run the tests' TypeScript, as jest does, for programs that are no jest suites.
const { transformFileSync } = require('@swc/core')

require.extensions['.ts'] = (module, file) => {
  const { code } = transformFileSync(file, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  })
  module._compile(code, file)
}
