import { alarmNames } from "@pharmasight/core/kernel/log";
import { queueNames } from "@pharmasight/core/ports/jobs";
import { Duration } from "aws-cdk-lib";
import { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { type StackContext, use } from "sst/constructs";
import { deploymentConfiguration } from "./configuration.ts";
import { ControlStack } from "./control.ts";
import { ALARM_DIMENSION, alarmMetric } from "./functions.ts";
import { QueuesStack } from "./queues.ts";
import { SecretsStack } from "./secrets.ts";
import { suppressSstHandler } from "./suppressions.ts";
import { TenantStack } from "./tenant.ts";
import { WorkersStack } from "./workers.ts";

const PERIOD = Duration.minutes(5);
/** Failed requests in one period from which a person is told. */
const SERVER_ERRORS = 5;
/** A run by the clock may fail once: the next one does its work. */
const FAILED_RUNS = 3;

/** Alarms for what nobody would see otherwise: what the code itself calls one, given-up messages, failing requests. */
export function ObservabilityStack({ app, stack }: StackContext) {
  const topic = new Topic(stack, "Alarms", { enforceSSL: true, masterKey: use(SecretsStack).key });
  topic.addSubscription(new EmailSubscription(deploymentConfiguration().ALARM_EMAIL));
  const action = new SnsAction(topic);
  const alarm = (id: string, alarmDescription: string, metric: IMetric, threshold: number) =>
    new Alarm(stack, id, {
      alarmDescription,
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(action);

  const { metricNamespace: namespace, metricName } = alarmMetric(app.stage);
  for (const name of alarmNames) {
    const dimensionsMap = { [ALARM_DIMENSION]: name };
    const raised = new Metric({ namespace, metricName, dimensionsMap, period: PERIOD, statistic: "sum" });
    alarm(name, `The code raised ${name}: the log has it in the field "alarm".`, raised, 1);
  }

  const queues = use(QueuesStack);
  for (const name of queueNames) {
    const visible = queues[name].deadLetters.metricApproximateNumberOfMessagesVisible({
      period: PERIOD,
      statistic: "max",
    });
    alarm(`${name}-given-up`, `Messages of ${name} were given up: see its dead-letter queue.`, visible, 1);
  }
  for (const fn of use(WorkersStack).scheduled) {
    const failed = fn.metricErrors({ period: PERIOD, statistic: "sum" });
    alarm(`${fn.id}-fails`, `${fn.id} fails again and again: nobody finds what was lost.`, failed, FAILED_RUNS);
  }
  const { api: site, hooks } = use(ControlStack);
  const apis = { site: site.cdk.httpApi, hooks: hooks.cdk.httpApi, tenant: use(TenantStack).api.cdk.httpApi };
  for (const [name, api] of Object.entries(apis)) {
    if (!(api instanceof HttpApi)) continue;
    const failed = api.metricServerError({ period: PERIOD, statistic: "sum" });
    alarm(`${name}-errors`, `Requests to the ${name} API fail with 5xx.`, failed, SERVER_ERRORS);
  }
  suppressSstHandler(stack);
}
