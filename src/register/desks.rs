//! Rows of desks' accounts and of where they can be reached.

use crate::domain::Moment;
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    INSERT_ACCOUNT = "INSERT INTO desk_accounts (name, staff, ha1_sha256, ha1_md5, created_at, changed_at) \
        VALUES ($1, $2, $3, $4, $5, $5)";
    ACCOUNT = "SELECT name, staff, ha1_sha256, ha1_md5, created_at FROM desk_accounts WHERE name = $1";
    ACCOUNTS = "SELECT name, staff, ha1_sha256, ha1_md5, created_at FROM desk_accounts ORDER BY name";
    SET_PASSWORD = "UPDATE desk_accounts SET ha1_sha256 = $2, ha1_md5 = $3, changed_at = $4 WHERE name = $1";
    DELETE_ACCOUNT = "DELETE FROM desk_accounts WHERE name = $1";
    BINDINGS = "SELECT account, uri, source, carrier, q_milli, call_id, cseq, expires_at, instance, reg_id, path \
        FROM desk_bindings ORDER BY account, expires_at";
    INSERT_BINDING = "INSERT INTO desk_bindings (account, uri, source, carrier, q_milli, call_id, cseq, expires_at, \
        instance, reg_id, path) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 \
        FROM desk_accounts WHERE name = $1";
    DELETE_BINDINGS = "DELETE FROM desk_bindings WHERE account = $1";
}

/// An account by which a desk's telephone registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskAccountRow {
    pub name: String,
    /// 工号, where it is another than the name.
    pub staff: Option<String>,
    pub ha1_sha256: String,
    pub ha1_md5: String,
    pub created_at: Moment,
}

/// Where an account can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskBindingRow {
    pub account: String,
    pub uri: String,
    pub source: String,
    pub carrier: String,
    pub q_milli: u64,
    pub call_id: String,
    pub cseq: u64,
    pub expires_at: Moment,
    pub instance: Option<String>,
    pub reg_id: Option<u64>,
    /// Proxies on the way, as they stand in a Route, separated by a comma and a space.
    pub path: Option<String>,
}

impl Tx {
    pub async fn insert_desk_account(&mut self, row: &DeskAccountRow) -> Result<(), Error> {
        let values = args![
            row.name.as_str(),
            row.staff.as_deref(),
            row.ha1_sha256.as_str(),
            row.ha1_md5.as_str(),
            row.created_at
        ];
        self.run(INSERT_ACCOUNT, values).await?;
        Ok(())
    }

    pub async fn desk_account(&mut self, name: &str) -> Result<Option<DeskAccountRow>, Error> {
        let row = self.row(ACCOUNT, args![name]).await?;
        row.as_ref().map(account_row).transpose()
    }

    /// By name.
    pub async fn desk_accounts(&mut self) -> Result<Vec<DeskAccountRow>, Error> {
        let rows = self.rows(ACCOUNTS, args![]).await?;
        rows.iter().map(account_row).collect()
    }

    /// `false` where there is no such account.
    pub async fn set_desk_password(
        &mut self,
        name: &str,
        ha1_sha256: &str,
        ha1_md5: &str,
        now: Moment,
    ) -> Result<bool, Error> {
        let values = args![name, ha1_sha256, ha1_md5, now];
        Ok(self.run(SET_PASSWORD, values).await? > 0)
    }

    /// With its bindings; `false` where there is no such account.
    pub async fn delete_desk_account(&mut self, name: &str) -> Result<bool, Error> {
        // Else a registration that is being written could stand between the two.
        self.lock(&format!("desk account {name}")).await?;
        self.run(DELETE_BINDINGS, args![name]).await?;
        Ok(self.run(DELETE_ACCOUNT, args![name]).await? > 0)
    }

    /// Those of all accounts, past ones too.
    pub async fn desk_bindings(&mut self) -> Result<Vec<DeskBindingRow>, Error> {
        let rows = self.rows(BINDINGS, args![]).await?;
        rows.iter().map(binding_row).collect()
    }

    /// In place of those before. An account that was removed meanwhile gets none.
    pub async fn set_desk_bindings(
        &mut self,
        account: &str,
        bindings: &[DeskBindingRow],
    ) -> Result<(), Error> {
        self.lock(&format!("desk account {account}")).await?;
        self.run(DELETE_BINDINGS, args![account]).await?;
        for row in bindings {
            let values = args![
                account,
                row.uri.as_str(),
                row.source.as_str(),
                row.carrier.as_str(),
                row.q_milli,
                row.call_id.as_str(),
                row.cseq,
                row.expires_at,
                row.instance.as_deref(),
                row.reg_id,
                row.path.as_deref()
            ];
            self.run(INSERT_BINDING, values).await?;
        }
        Ok(())
    }
}

fn account_row(row: &Row) -> Result<DeskAccountRow, Error> {
    Ok(DeskAccountRow {
        name: row.get("name")?,
        staff: row.get("staff")?,
        ha1_sha256: row.get("ha1_sha256")?,
        ha1_md5: row.get("ha1_md5")?,
        created_at: row.moment("created_at")?,
    })
}

fn binding_row(row: &Row) -> Result<DeskBindingRow, Error> {
    Ok(DeskBindingRow {
        account: row.get("account")?,
        uri: row.get("uri")?,
        source: row.get("source")?,
        carrier: row.get("carrier")?,
        q_milli: row.count("q_milli")?,
        call_id: row.get("call_id")?,
        cseq: row.count("cseq")?,
        expires_at: row.moment("expires_at")?,
        instance: row.get("instance")?,
        reg_id: row.maybe_count("reg_id")?,
        path: row.get("path")?,
    })
}
