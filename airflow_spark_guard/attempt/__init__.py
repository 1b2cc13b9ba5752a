"""One attempt of a job, in client or cluster mode: what is submitted, watched, ended, proven and recorded."""
