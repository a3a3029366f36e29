drop table provisioning_steps, provisioning_jobs, sign_ups;
