-- Roles of the register on PostgreSQL: one that owns the tables, one for each process.
--
-- As a superuser, connected to the register's database:   psql -d rights -f roles.sql
-- Then set the passwords (\password rights_web …), run `rights migrate` as rights_owner, and run
-- this file again: it grants on the tables that are there by then. Run it after every migration.
--
-- What the database enforces beside the code: the web cannot read plans, steps, frozen keys,
-- denials that wait for a second person or staff; nobody but the owner changes or removes an entry of the audit trail, and only the relay,
-- which purges what is over, removes one.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['rights_owner', 'rights_web', 'rights_worker', 'rights_relay'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO rights_owner, rights_web, rights_worker, rights_relay',
                   current_database());
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO rights_owner;
GRANT USAGE ON SCHEMA public TO rights_web, rights_worker, rights_relay;

-- Before the first migration there is nothing to grant on.
SELECT to_regclass('public.entry') IS NULL AS empty \gset
\if :empty
\echo 'roles made; now run: rights migrate, as rights_owner, and this file once more'
\quit
\endif

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM rights_web, rights_worker, rights_relay;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO rights_web, rights_worker, rights_relay;

-- Web: takes requests in, shows where they stand, gives packages out.
GRANT SELECT, INSERT, UPDATE ON
    request, bundle, identifier, sealed_note, challenge, nonce, consent, preference, "grant",
    notice, outbox, lookup, idempotency, webhook_subscription, webhook_delivery, day_chain
    TO rights_web;
GRANT SELECT, INSERT, UPDATE ON representation, representative_contact, evidence TO rights_web;
GRANT SELECT, INSERT ON arrangement TO rights_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON portal_session TO rights_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON tag_kept_away TO rights_web;
GRANT SELECT, INSERT, UPDATE ON warning_due, contact_warning TO rights_web;
GRANT SELECT, INSERT ON aftercare TO rights_web;
-- Messages, appeals and complaints: the web takes and shows them, staff act with the relay's role,
-- and no worker, whose connectors reach the stores, reads any of it.
GRANT SELECT, INSERT ON writing, appeal TO rights_web;
GRANT SELECT, INSERT, UPDATE ON complaint TO rights_web;
GRANT SELECT, INSERT, DELETE ON sign_in TO rights_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON person_key, key_challenge TO rights_web;
GRANT SELECT, INSERT ON key_proof, key_letter TO rights_web;
GRANT DELETE ON idempotency TO rights_web;
GRANT SELECT, INSERT ON entry, proof_try TO rights_web;
GRANT SELECT, UPDATE ON package, backend_key TO rights_web;
GRANT SELECT ON
    backend, sign_in_provider, receipt, receipt_opening, store_status, suppression, proof,
    proof_demand
    TO rights_web;

-- Worker: does the work and writes down what was done.
GRANT SELECT, INSERT, UPDATE ON
    request, outbox, plan, step, keyring, journal, subject_lock, lookup, package, notice,
    webhook_delivery, preference, store_status, day_chain
    TO rights_worker;
GRANT DELETE ON plan, step, keyring, package, subject_lock TO rights_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON disputed_value, correction_guard TO rights_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    aftercare, capsule, suppression, held_rows, escrow_key
    TO rights_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON store_gate, store_turn TO rights_worker;
GRANT SELECT, INSERT, UPDATE ON warning_due, contact_warning TO rights_worker;
GRANT UPDATE (on_file, changed_at) ON identifier TO rights_worker;
-- Proofs: that a code was answered, never which; the word that a look-up's answer is there.
GRANT SELECT (request_id, identifier_id, purpose, used_at), INSERT ON challenge TO rights_worker;
GRANT SELECT ON key_proof TO rights_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON tag_kept_away TO rights_worker;
GRANT INSERT ON consent TO rights_worker;
GRANT SELECT, DELETE ON released_value TO rights_worker;
GRANT SELECT, DELETE ON person_key TO rights_worker;
GRANT SELECT, INSERT ON receipt_opening TO rights_worker;
GRANT SELECT, UPDATE ON hold_approval, legal_hold, hold_exception TO rights_worker;
GRANT SELECT, INSERT ON entry, receipt, sealed_note TO rights_worker;
GRANT SELECT, INSERT, UPDATE ON proof TO rights_worker;
GRANT SELECT, UPDATE ON proof_try TO rights_worker;
GRANT SELECT ON
    identifier, representation, representative_contact, arrangement,
    webhook_subscription, backend, consent
    TO rights_worker;

-- Relay: rings, mails, delivers, signs checkpoints, and forgets what is over.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO rights_relay;
REVOKE UPDATE ON entry, receipt, checkpoint FROM rights_relay;
-- Approvals to open a minor's content: staff act with the relay's role, and nobody but staff sees
-- them. Who asked, for what and when, stays as it was asked.
REVOKE UPDATE ON content_approval FROM rights_relay;
GRANT UPDATE (approved_by, approved_at, expires_at) ON content_approval TO rights_relay;
