import { DomainName } from "aws-cdk-lib/aws-apigatewayv2";
import { Certificate, type ICertificate } from "aws-cdk-lib/aws-certificatemanager";
import { AaaaRecord, ARecord, type IPublicHostedZone, PublicHostedZone, RecordTarget } from "aws-cdk-lib/aws-route53";
import { ApiGatewayv2DomainProperties } from "aws-cdk-lib/aws-route53-targets";
import { EmailIdentity, Identity } from "aws-cdk-lib/aws-ses";
import type { Stack, StackContext } from "sst/constructs";
import { deploymentConfiguration } from "./configuration.ts";
import { suppressSstHandler } from "./suppressions.ts";

/**
 * The names that the stage answers to: the root domain and `www` for the site, `hooks` for the payment provider's
 * notices, the wildcard for every pharmacy. A new
 * pharmacy needs no deployment and no DNS change. API Gateway prefers the exact name to the wildcard.
 */
export function DomainStack({ stack }: StackContext) {
  const configuration = deploymentConfiguration();
  const root = configuration.ROOT_DOMAIN;
  const zone = PublicHostedZone.fromPublicHostedZoneAttributes(stack, "Zone", {
    hostedZoneId: configuration.HOSTED_ZONE_ID,
    zoneName: root,
  });
  const certificate = Certificate.fromCertificateArn(stack, "Certificate", configuration.CERTIFICATE_ARN);
  const mailIdentity = new EmailIdentity(stack, "Mail", { identity: Identity.publicHostedZone(zone) });
  suppressSstHandler(stack);
  return {
    mailIdentityArn: mailIdentity.emailIdentityArn,
    site: addDomain(stack, "Site", root, zone, certificate),
    www: addDomain(stack, "Www", `www.${root}`, zone, certificate),
    hooks: addDomain(stack, "Hooks", `hooks.${root}`, zone, certificate),
    tenants: addDomain(stack, "Tenants", `*.${root}`, zone, certificate),
  };
}

function addDomain(
  stack: Stack,
  id: string,
  domainName: string,
  zone: IPublicHostedZone,
  certificate: ICertificate,
): DomainName {
  const domain = new DomainName(stack, `${id}Domain`, { domainName, certificate });
  const target = RecordTarget.fromAlias(
    new ApiGatewayv2DomainProperties(domain.regionalDomainName, domain.regionalHostedZoneId),
  );
  new ARecord(stack, `${id}Ipv4`, { zone, recordName: domainName, target });
  new AaaaRecord(stack, `${id}Ipv6`, { zone, recordName: domainName, target });
  return domain;
}
