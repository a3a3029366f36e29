import type { CloudAssembly } from "aws-cdk-lib/cx-api";

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  // biome-ignore lint/suspicious/noExplicitAny: templates are JSON of AWS's making, read by tests only.
  readonly Properties: any;
}

interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>>;
}

interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: string;
}

/** The templates of an assembly with every reference, also those across stacks, replaced by the name it stands for. */
export function readTemplates(assembly: CloudAssembly) {
  const templates: Template[] = assembly.stacks.map((stack) => stack.template);
  const exported = new Map(
    templates.flatMap((template) =>
      Object.values(template.Outputs ?? {}).map((output) => [output.Export?.Name, { template, value: output.Value }]),
    ),
  ) as ReadonlyMap<unknown, { template: Template; value: unknown }>;

  const text = (template: Template, value: unknown): string => {
    if (typeof value !== "object" || value === null) return String(value);
    const [[intrinsic, argument] = []] = Object.entries(value);
    if (intrinsic === "Fn::Join") return argument[1].map((part: unknown) => text(template, part)).join(argument[0]);
    if (intrinsic === "Fn::ImportValue") {
      const source = exported.get(argument);
      return source ? text(source.template, source.value) : `import ${argument}`;
    }
    if (intrinsic === "Ref" || intrinsic === "Fn::GetAtt") {
      const id = intrinsic === "Ref" ? argument : argument[0];
      const resource = template.Resources[id];
      const name = resource && (resource.Properties?.Name ?? resource.Properties?.QueueName);
      return typeof name === "string" ? name : id;
    }
    return JSON.stringify(value);
  };

  const all = templates.flatMap((template) =>
    Object.entries(template.Resources).map(([id, resource]) => ({ id, resource, template })),
  );
  const ofType = (type: string) => all.filter(({ resource }) => resource.Type === type);
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

  /** The function of a manifest entry: its properties, its environment as text, and all that its role may do. */
  const functionOf = (entry: string) => {
    const found = ofType("AWS::Lambda::Function").find(
      ({ resource }) => resource.Properties.Handler === `${entry}.handler`,
    );
    if (!found) throw new Error(`No template has ${entry}.`);
    const { id, resource, template } = found;
    const roleId = resource.Properties.Role["Fn::GetAtt"][0];
    const attached = ofType("AWS::IAM::Policy").filter(
      (policy) =>
        policy.template === template &&
        policy.resource.Properties.Roles.some((role: { Ref: string }) => role.Ref === roleId),
    );
    const role = template.Resources[roleId]?.Properties;
    const documents = [
      ...attached.map((policy) => policy.resource.Properties.PolicyDocument),
      ...(role?.Policies ?? []).map((policy: { PolicyDocument: unknown }) => policy.PolicyDocument),
    ];
    const statements: Statement[] = documents
      .flatMap((document) => document.Statement)
      .map((statement) => ({
        actions: list(statement.Action).map(String),
        resources: list(statement.Resource).map((value) => text(template, value)),
        conditions: JSON.stringify(statement.Condition ?? {}),
      }));
    const environment = Object.fromEntries(
      Object.entries(resource.Properties.Environment.Variables).map(([name, value]) => [name, text(template, value)]),
    );
    const eventSource = ofType("AWS::Lambda::EventSourceMapping").find(
      (mapping) => mapping.template === template && text(template, mapping.resource.Properties.FunctionName) === id,
    )?.resource.Properties;
    return {
      properties: resource.Properties,
      managedPolicies: role?.ManagedPolicyArns ?? [],
      statements,
      environment,
      eventSource: eventSource && { ...eventSource, queue: text(template, eventSource.EventSourceArn) },
    };
  };

  return { ofType, functionOf, text };
}
