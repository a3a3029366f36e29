import { queueNames } from "@pharmasight/core/ports/jobs";
import { Duration } from "aws-cdk-lib";
import { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { type StackContext, use } from "sst/constructs";
import { deploymentConfiguration } from "./configuration.ts";
import { ControlStack } from "./control.ts";
import { QueuesStack } from "./queues.ts";
import { SecretsStack } from "./secrets.ts";
import { suppressSstHandler } from "./suppressions.ts";
import { TenantStack } from "./tenant.ts";

const PERIOD = Duration.minutes(5);
/** Failed requests in one period from which a person is told. */
const SERVER_ERRORS = 5;

/** Alarms for what nobody would see otherwise: given-up messages and failing requests. */
export function ObservabilityStack({ stack }: StackContext) {
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

  const queues = use(QueuesStack);
  for (const name of queueNames) {
    const visible = queues[name].deadLetters.metricApproximateNumberOfMessagesVisible({
      period: PERIOD,
      statistic: "max",
    });
    alarm(`${name}-given-up`, `Messages of ${name} were given up: see its dead-letter queue.`, visible, 1);
  }
  const apis = { site: use(ControlStack).api.cdk.httpApi, tenant: use(TenantStack).api.cdk.httpApi };
  for (const [name, api] of Object.entries(apis)) {
    if (!(api instanceof HttpApi)) continue;
    const failed = api.metricServerError({ period: PERIOD, statistic: "sum" });
    alarm(`${name}-errors`, `Requests to the ${name} API fail with 5xx.`, failed, SERVER_ERRORS);
  }
  suppressSstHandler(stack);
}
