import { type Field, type Fields, resourceFields, runFields, type Type } from "./fields.ts";

/** The plugin's schema, for `pulumi package get-schema` and for programs in YAML. */
export function renderSchema(version: string): string {
  const types: Record<string, unknown> = {};
  const collect = (fields: Fields) => {
    for (const { type } of Object.values(fields)) {
      if (type.kind !== "object" || types[type.name]) continue;
      types[type.name] = { type: "object", ...renderObject(type.fields) };
      collect(type.fields);
    }
  };
  for (const { inputs } of Object.values(resourceFields)) collect(inputs);
  return JSON.stringify({
    name: "command",
    version,
    types,
    resources: Object.fromEntries(
      Object.entries(resourceFields).map(([token, { inputs, outputs }]) => [
        token,
        {
          ...renderObject({ ...inputs, ...outputs }),
          inputProperties: renderProperties(inputs),
          requiredInputs: required(inputs),
        },
      ]),
    ),
    functions: {
      "command:local:run": {
        inputs: renderObject(runFields.inputs),
        outputs: renderObject({ ...runFields.inputs, ...runFields.outputs }),
      },
    },
  });
}

const renderObject = (fields: Fields) => ({
  properties: renderProperties(fields),
  required: required(fields),
});

const required = (fields: Fields) => Object.keys(fields).filter((name) => fields[name]?.required);

const renderProperties = (fields: Fields) =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, renderField(name, field)]));

const renderField = (name: string, field: Field) => ({
  ...renderType(field.type),
  ...(field.secret && { secret: true }),
  ...(field.default !== undefined && { default: field.default }),
  ...(name === "triggers" && { replaceOnChanges: true }),
});

function renderType(type: Type): Record<string, unknown> {
  switch (type.kind) {
    case "any":
      return { $ref: "pulumi.json#/Any" };
    case "asset":
      return { $ref: "pulumi.json#/Asset" };
    case "archive":
      return { $ref: "pulumi.json#/Archive" };
    case "assetOrArchive":
      return { $ref: "pulumi.json#/Asset" };
    case "enum":
      return { type: "string" };
    case "list":
      return { type: "array", items: renderType(type.of) };
    case "map":
      return { type: "object", additionalProperties: renderType(type.of) };
    case "object":
      return { type: "object", $ref: `#/types/${type.name}` };
    default:
      return { type: type.kind };
  }
}
