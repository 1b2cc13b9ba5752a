from airflow_spark_guard.core.web.access import Access


def test_a_login_and_a_token_become_headers():
    """As HTTP wants them."""
    assert Access.basic("ann", "pässword").headers == {"Authorization": "Basic YW5uOnDDpHNzd29yZA=="}
    assert Access.bearer("t0ken", verify="/ca.pem") == Access({"Authorization": "Bearer t0ken"}, "/ca.pem")


def test_no_secret_shows():
    """In a log, or in the text of an error."""
    assert repr(Access.bearer("t0ken", verify=False)) == "Access(verify=False)"
