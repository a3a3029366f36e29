select browser_hash, code_number from sign_ups limit 0;
select fence, lease_until from provisioning_jobs limit 0;
select attempts, last_error from provisioning_steps limit 0;
